package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Stores the session before the response is sent. Jetty's own commit, further in, swallows errors and answers 200; here
 * the client gets a 503 instead of a response that promises what is not stored, and instead of the 500 that Jetty makes
 * of an application's read which the store did not answer. One for each request and web application.
 */
final class CommitStream extends HttpStream.Wrapper {

    /** What a client reads; no detail of ours. */
    static final String UNAVAILABLE = "The session store is unavailable";

    private static final String ATTRIBUTE = CommitStream.class.getName() + ".";
    private static final String COMMITTED = ATTRIBUTE + "committed";

    private final Request request;
    private final SessionManager manager;
    private final Refusals refusals;

    /** Set before the session is stored: what is set later is stored by whoever sets it. */
    private volatile boolean committed;

    private volatile @Nullable Throwable refused;

    private CommitStream(HttpStream wrapped, Request request, SessionManager manager, Refusals refusals) {
        super(wrapped);
        this.request = request;
        this.manager = manager;
        this.refusals = refusals;
    }

    /** Puts itself around a request's stream, outside of Jetty's own session wrapper. */
    static void wrap(Request request, SessionManager manager, Refusals refusals) {
        request.addHttpStreamWrapper(stream -> {
            CommitStream commit = new CommitStream(stream, request, manager, refusals);
            request.setAttribute(attribute(manager), commit);
            return commit;
        });
    }

    /** Tells whether the request's response is still to be sent, and with it what the request has set. */
    static boolean isOpen(Request request, SessionManager manager) {
        return request.getAttribute(attribute(manager)) instanceof CommitStream commit && !commit.committed;
    }

    /**
     * Tells whether a request's response has begun: what the request changes in place from now on is stored on its own.
     */
    static boolean hasCommitted(Request request) {
        return request.getAttribute(COMMITTED) != null;
    }

    // A request that is dispatched into another web application has a stream of ours for each.
    private static String attribute(SessionManager manager) {
        return ATTRIBUTE + System.identityHashCode(manager);
    }

    @Override
    public void send(
            MetaData.Request metaData,
            MetaData.@Nullable Response response,
            boolean last,
            ByteBuffer content,
            Callback callback) {
        Throwable earlier = refused;
        if (earlier != null) {
            callback.failed(earlier);
            return;
        }
        boolean begun = committed;
        StoreUnavailableException failure = null;
        if (response != null && !HttpStatus.isInterim(response.getStatus())) {
            committed = true;
            request.setAttribute(COMMITTED, true);
            failure = failureOf(response);
        } else if (last) {
            failure = store(Duration.ZERO);
        }
        if (failure == null) {
            super.send(metaData, response, last, content, callback);
            return;
        }
        refused = failure;
        if (begun) {
            // The client has the beginning of another answer: it is to see that the rest is missing.
            callback.failed(failure);
        } else {
            refusals.add(failure);
            Unavailable.send(getWrapped(), metaData, UNAVAILABLE, failing(callback, failure));
        }
    }

    private static Callback failing(Callback callback, Throwable failure) {
        return Callback.from(() -> callback.failed(failure), x -> callback.failed(failure));
    }

    private @Nullable StoreUnavailableException failureOf(MetaData.Response response) {
        StoreUnavailableException met = StoreFailure.metBy(request);
        return met != null && response.getStatus() == HttpStatus.INTERNAL_SERVER_ERROR_500
                ? met
                : store(RequestScope.waitedBy(request));
    }

    /** @param waited what the answer has waited for the cluster before */
    private @Nullable StoreUnavailableException store(Duration waited) {
        LiveSession session = manager.getManagedSession(request) instanceof LiveSession live ? live : null;
        // The cookie of a new session would take the place of that of the session which could not be read.
        StoreUnavailableException failure = session == null ? null : StoreFailure.of(request);
        try (Patience ignored = Patience.begin(waited)) {
            if (failure == null) {
                failure = store(session);
            }
            if (failure != null && session != null) {
                session.ending().abandonUnlessStored();
            }
            return failure;
        }
    }

    private @Nullable StoreUnavailableException store(@Nullable LiveSession session) {
        try {
            Touched touched = RequestScope.touchedBy(request);
            if (touched != null) {
                touched.store();
            }
            if (session != null) {
                session.storeUnlessOver();
            }
            if (touched != null) {
                touched.failIfLost();
            }
            return null;
        } catch (RuntimeException e) {
            return StoreFailure.ofAny(e, session == null ? "of a request" : session.key());
        }
    }
}
