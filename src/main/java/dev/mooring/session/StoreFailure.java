package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries a failure to reach the store past Jetty, which would swallow it or answer 500, to where it is answered. */
final class StoreFailure {

    private static final Logger LOG = LoggerFactory.getLogger(StoreFailure.class);
    private static final String ATTRIBUTE = StoreFailure.class.getName();
    private static final String MET = ATTRIBUTE + ".met";

    private StoreFailure() {}

    /** Leaves a failure with the request that the current thread works for. */
    static void leave(StoreUnavailableException failure) {
        Request request = RequestScope.current();
        if (request == null) {
            LOG.warn(
                    "A session of this web application could not be looked for, and no request is there to refuse",
                    failure);
        } else {
            request.setAttribute(ATTRIBUTE, failure);
        }
    }

    /** Returns the failure that was left with a request, or null. It stays there: nobody knows whose request it is. */
    static @Nullable StoreUnavailableException of(Request request) {
        return (StoreUnavailableException) request.getAttribute(ATTRIBUTE);
    }

    /**
     * Returns whatever kept a session from being found or stored as what is answered with 503; says so in the log where
     * nobody has thought of it.
     *
     * @param session its name in messages; never its id
     */
    static StoreUnavailableException ofAny(RuntimeException failure, Object session) {
        if (failure instanceof StoreUnavailableException unavailable) {
            return unavailable;
        }
        LOG.warn("Session {}: neither found nor stored, by an error", session, failure);
        return new StoreUnavailableException("session " + session + ": neither found nor stored, by an error", failure);
    }

    /** Returns the failure of another thread's call, for a thread that has waited for it. */
    static StoreUnavailableException shared(@Nullable Throwable failure) {
        String message = failure == null ? null : failure.getMessage();
        return noted(new StoreUnavailableException(
                message == null ? "the session store did not confirm" : message, failure));
    }

    /** Notes that the request which the current thread works for, if any, has met a failure. Returns that. */
    static StoreUnavailableException noted(StoreUnavailableException failure) {
        Request request = RequestScope.current();
        if (request != null) {
            request.setAttribute(MET, failure);
        }
        return failure;
    }

    /** Returns a failure that was noted of a request, or null. */
    static @Nullable StoreUnavailableException metBy(Request request) {
        return (StoreUnavailableException) request.getAttribute(MET);
    }

    /** Tells whether the current thread works for a request whose session could not be looked for. */
    static boolean concernsThisThread() {
        Request request = RequestScope.current();
        return request != null && of(request) != null;
    }
}
