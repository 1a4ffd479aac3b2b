package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries a failure to read a session past Jetty's session manager, which would swallow it, to where it is answered. */
final class StoreFailure {

    private static final Logger LOG = LoggerFactory.getLogger(StoreFailure.class);
    private static final String ATTRIBUTE = StoreFailure.class.getName();

    private StoreFailure() {}

    /** Leaves a failure with the request that the current thread works for. */
    static void leave(StoreUnavailableException failure) {
        Request request = RequestScope.current();
        if (request == null) {
            LOG.warn("A session could not be looked for, and there is no request to refuse", failure);
        } else {
            request.setAttribute(ATTRIBUTE, failure);
        }
    }

    /** Takes the failure that was left with a request, or null. */
    static @Nullable StoreUnavailableException take(Request request) {
        return (StoreUnavailableException) request.removeAttribute(ATTRIBUTE);
    }
}
