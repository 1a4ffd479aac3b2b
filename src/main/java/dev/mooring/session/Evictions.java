package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.SessionKey;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.session.SessionCache;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the sessions of one web application that nobody needs on this node leave its memory, when the eviction policy
 * says so, and takes the node off their holders, many at a time. Used by one thread at a time; blocks.
 */
final class Evictions {

    private static final Logger LOG = LoggerFactory.getLogger(Evictions.class);
    private static final long LONGEST_PAUSE_MS = 10_000;

    private final WebApplication application;

    /** What was evicted, and whose holders this node is still to leave. */
    private final Map<SessionKey, Change> leaving = new ConcurrentHashMap<>();

    /** When sessions are looked at next, in cluster time. */
    private volatile long nextAt;

    Evictions(WebApplication application) {
        this.application = application;
    }

    /** Evicts what has been idle for long enough by now, and it is time to look. */
    void run(long now) {
        int evictionPolicy = application.manager().getSessionCache().getEvictionPolicy();
        if (evictionPolicy < SessionCache.EVICT_ON_SESSION_EXIT || now < nextAt) {
            return;
        }
        long idleMs = evictionPolicy * 1000L;
        nextAt = now + Math.min(idleMs / 10, LONGEST_PAUSE_MS);
        for (LiveSession session : application.sessions().all()) {
            evict(session, now - idleMs);
        }
        leave();
        application.sessions().forgetCollected();
    }

    private void evict(LiveSession session, long usedBefore) {
        try {
            Change leave = session.residence().evict(usedBefore);
            if (leave != null) {
                leaving.put(session.key(), leave);
            }
        } catch (StoreUnavailableException | IllegalStateException e) {
            LOG.debug("Session {}: not evicted", session.key(), e);
        }
    }

    /** Returns what takes this node off the holders of what was evicted, and is not confirmed yet. */
    Map<SessionKey, Change> leaving() {
        return Map.copyOf(leaving);
    }

    private void leave() {
        application.cluster().applyAll(leaving(), (key, leave, outcome) -> {
            if (outcome != null) {
                leaving.remove(key, leave);
                if (outcome.applied()) {
                    application.leftOvers().left(key, outcome);
                }
            }
        });
    }
}
