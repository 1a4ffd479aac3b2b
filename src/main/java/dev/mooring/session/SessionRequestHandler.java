package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.session.SessionPolicy.OnStoreFailure;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sits directly below a web application's session manager: answers a request whose session could not be looked for, or
 * lets it go on without one, and has every other one's session stored before its response.
 */
public final class SessionRequestHandler extends Handler.Wrapper {

    private static final Logger LOG = LoggerFactory.getLogger(SessionRequestHandler.class);

    private final SessionManager manager;
    private final OnStoreFailure onStoreFailure;
    private final Refusals refusals = new Refusals();

    /**
     * Makes the handler of one web application.
     *
     * @param manager its session manager
     * @param onStoreFailure what becomes of a request whose session cannot be read
     */
    public SessionRequestHandler(SessionManager manager, OnStoreFailure onStoreFailure) {
        this.manager = manager;
        this.onStoreFailure = onStoreFailure;
    }

    /**
     * Returns what must hear of each entry into the web application.
     *
     * @return a listener for the context, the same for all of them
     */
    public static ContextHandler.ContextScopeListener scopeListener() {
        return RequestScope.INSTANCE;
    }

    /**
     * Tells whether a request brought a session id that could not be looked for, and goes on without a session.
     *
     * @param request a request of any web application of the server
     * @return true if it must not be given a new session, whose cookie would take the place of its own
     */
    public static boolean isAnonymous(Request request) {
        return StoreFailure.of(request) != null;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        StoreUnavailableException failure = StoreFailure.of(request);
        if (failure != null && onStoreFailure == OnStoreFailure.ANONYMOUS) {
            LOG.debug("A request goes on without its session", failure);
        } else if (failure != null) {
            refusals.add(failure);
            response.getHeaders().put(HttpHeader.RETRY_AFTER, Unavailable.RETRY_AFTER_SECONDS);
            Response.writeError(
                    request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503, CommitStream.UNAVAILABLE);
            return true;
        }
        CommitStream.wrap(request, manager, refusals);
        return super.handle(request, response, callback);
    }
}
