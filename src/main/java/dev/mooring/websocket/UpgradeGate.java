package dev.mooring.websocket;

import dev.mooring.session.SessionRequestHandler;
import java.util.List;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;

/**
 * Sits behind a web application's security, so that a missing login (401, 403) is answered first, and decides about
 * upgrade requests what {@link SocketPolicy} says: refuses those from another origin, and creates the session for those
 * that bring none.
 */
public final class UpgradeGate extends Handler.Wrapper {

    /** What a client reads. */
    static final String ANOTHER_ORIGIN = "The session cookie may not be used from another origin";

    private final SessionManager manager;
    private final SocketPolicy policy;

    /**
     * Makes the gate of one web application.
     *
     * @param manager its session manager
     * @param policy what the properties say
     */
    public UpgradeGate(SessionManager manager, SocketPolicy policy) {
        this.manager = manager;
        this.policy = policy;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        // An environment's security may pass on what it refuses, for the environment to answer.
        boolean refused = request.getAttribute(ErrorHandler.ERROR_STATUS) != null;
        if (!refused && UpgradeHandler.isUpgrade(request)) {
            if (policy.sameOrigin() && bringsSessionCookie(request) && !isSameOrigin(request)) {
                Response.writeError(request, response, callback, HttpStatus.FORBIDDEN_403, ANOTHER_ORIGIN);
                return true;
            }
            if (policy.createSession()
                    && request.getSession(false) == null
                    && !SessionRequestHandler.isAnonymous(request)) {
                request.getSession(true);
            }
        }
        return super.handle(request, response, callback);
    }

    private boolean bringsSessionCookie(Request request) {
        String name = manager.getSessionCookie();
        return Request.getCookies(request).stream().map(HttpCookie::getName).anyMatch(name::equals);
    }

    // A browser sends exactly one Origin with each upgrade; what sends none is no browser, and no page can make a
    // browser omit it.
    private static boolean isSameOrigin(Request request) {
        List<String> origins = request.getHeaders().getValuesList(HttpHeader.ORIGIN);
        String host = Request.getServerName(request);
        return origins.stream().allMatch(origin -> Origin.hasHost(origin, host));
    }
}
