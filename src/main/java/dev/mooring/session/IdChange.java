package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;

/**
 * How one session gets another id: Jetty's own steps, but for an id that stays as it was when the cluster does not
 * confirm the new one. Thread-safe; one change at a time, as Jetty's state CHANGING has it. Blocks.
 */
final class IdChange {

    private final LiveSession session;
    private final WebApplication application;

    /** The new id that a change has reached in the cluster. */
    private volatile @Nullable String confirmed;

    IdChange(LiveSession session, WebApplication application) {
        this.session = session;
        this.application = application;
    }

    /**
     * Changes the id, in every web application that has a session of it.
     *
     * @throws IllegalStateException if the session has ended
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    void run(Request request, @Nullable Response response) {
        try (Patience ignored = RequestScope.patience()) {
            change(request);
        }
        SessionManager manager = application.manager();
        if (response == null) {
            // With the next response.
            session.onIdChanged();
        } else if (manager.isUsingCookies()) {
            Response.putCookie(response, manager.getSessionCookie(session, request.isSecure()));
        }
    }

    private void change(Request request) {
        session.makeCurrent();
        session.startChanging();
        try {
            String newId = application
                    .manager()
                    .getSessionIdManager()
                    .renewSessionId(session.data().getId(), session.getExtendedId(), request);
            if (!newId.equals(confirmed)) {
                session.makeCurrentIfPossible();
                session.checkAlive();
                throw new StoreUnavailableException(
                        "session " + session.key() + ": its new id was not confirmed", null);
            }
        } finally {
            session.stopChanging();
        }
    }

    /** The session may have another id than before: it is found by that from now on. */
    void follow(String oldId) {
        if (!oldId.equals(session.data().getId())) {
            application.sessions().renamed(session, oldId);
        }
    }

    /**
     * Takes a new id in this web application. Called by Jetty through the cache, while the state is CHANGING or VALID.
     */
    void take(String newId) {
        Cluster cluster = application.cluster();
        LiveData data = session.data();
        session.store();
        cluster.alias(session.key(), newId, data.getMaxInactiveMs());
        long losses = session.writes().losses();
        try (AutoLock ignored = session.lock()) {
            data.renameTo(newId);
        }
        session.store();
        session.writes().failIfLostSince(losses);
        try {
            session.checkAlive();
        } catch (IllegalStateException e) {
            cluster.dropAlias(session.key(), newId);
            throw e;
        }
        confirmed = newId;
    }
}
