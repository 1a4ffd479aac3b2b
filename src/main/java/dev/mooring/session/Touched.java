package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The attributes that one request, or one callback of a WebSocket, has had in its hands: those that it may have changed
 * in place. Thread-safe, for a request may work on several threads.
 */
final class Touched {

    private final Map<LiveSession, Set<String>> names = new ConcurrentHashMap<>();

    /** The sessions that were changed here, and their {@link Writes#losses} before the first change. */
    private final Map<LiveSession, Long> written = new ConcurrentHashMap<>();

    /** Whether something was touched since it was looked at last. */
    private volatile boolean fresh;

    void add(LiveSession session, String name) {
        names.computeIfAbsent(session, s -> ConcurrentHashMap.newKeySet()).add(name);
        fresh = true;
    }

    /**
     * Finds what was changed in place, and stores it. Blocks; does nothing where nothing was touched.
     *
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    void store() {
        names.forEach((session, touched) -> {
            long losses = session.writes().losses();
            session.inPlaceChanges().look(touched);
            session.storeUnlessOver();
            session.writes().failIfLostSince(losses);
        });
    }

    /** A session was changed, which is stored later. */
    void wrote(LiveSession session, long losses) {
        written.putIfAbsent(session, losses);
    }

    /**
     * Looks, when everything has been stored, whether another thread has carried a change of this one's and failed.
     * Does not block.
     *
     * @throws StoreUnavailableException if it has
     */
    void failIfLost() {
        written.forEach((session, losses) -> session.writes().failIfLostSince(losses));
    }

    /**
     * As {@link #storeAtTheEnd}, before something is said to the outside; nothing if nothing was touched since the last
     * time.
     */
    void storeBeforeReply() {
        if (fresh) {
            storeAtTheEnd();
        }
    }

    /** As {@link #store}, where nobody is left to be told of a failure. */
    void storeAtTheEnd() {
        fresh = false;
        try (Patience ignored = RequestScope.patience()) {
            names.forEach((session, touched) -> {
                session.inPlaceChanges().look(touched);
                session.storeAtTheEnd();
            });
        }
    }
}
