package dev.mooring.websocket;

import java.util.function.BooleanSupplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;

/**
 * Sits below a web application's session manager and sees each upgrade request, by whatever API the application answers
 * it: HTTP/1.1 (RFC 6455 4.1) and HTTP/2 (RFC 8441 4). A node or a web application that stops takes none any more, and
 * waits for those that are under way: who has no 101 yet gets 503 too.
 */
public final class UpgradeHandler extends Handler.Wrapper {

    private final ContextHandler context;
    private final SessionManager manager;
    private final Moorings moorings;
    private final UpgradesUnderWay underWay = new UpgradesUnderWay();

    /**
     * Makes the handler of one web application.
     *
     * @param context the web application
     * @param manager its session manager
     * @param moorings where the WebSockets are kept
     */
    public UpgradeHandler(ContextHandler context, SessionManager manager, Moorings moorings) {
        this.context = context;
        this.manager = manager;
        this.moorings = moorings;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (isUpgrade(request)) {
            BooleanSupplier stopping = underWay.closing();
            boolean begun = underWay.begin();
            Runnable atTheEnd = begun ? underWay::end : () -> {};
            request.addHttpStreamWrapper(
                    stream -> new UpgradeStream(stream, request, context, manager, moorings, stopping, atTheEnd));
            if (moorings.isStopping() || !begun) {
                Farewell why = moorings.isStopping() ? Farewell.NODE_STOPS : Farewell.APPLICATION_STOPS;
                Response.writeError(request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503, why.reason());
                return true;
            }
        }
        return super.handle(request, response, callback);
    }

    /** The web application starts, perhaps again: upgrades are taken. */
    public void applicationStarts() {
        underWay.open();
    }

    /**
     * The web application stops: no upgrade is taken any more, those under way are waited for, and all its WebSockets
     * are closed with 1001, while it still runs. Blocks for two seconds at most, and for the application itself.
     */
    public void applicationStops() {
        underWay.close(Moorings.FAREWELL);
        moorings.applicationStops(context);
    }

    static boolean isUpgrade(Request request) {
        return "websocket".equalsIgnoreCase(request.getHeaders().get(HttpHeader.UPGRADE))
                || HttpMethod.CONNECT.is(request.getMethod())
                        && request.getHeaders().contains(HttpHeader.SEC_WEBSOCKET_VERSION);
    }
}
