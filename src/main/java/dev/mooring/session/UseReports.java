package dev.mooring.session;

import dev.mooring.model.Change;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The sessions of one web application whose use is to be reported to the cluster, and when: one report carries those of
 * all that are due. Thread-safe; only {@link #send} blocks.
 */
final class UseReports {

    private static final long SLOT_MS = 500;

    private final Cluster cluster;

    /** By the time at which they are due, in units of {@link #SLOT_MS}. */
    private final Map<Long, Set<LiveSession>> unreported = new ConcurrentHashMap<>();

    UseReports(Cluster cluster) {
        this.cluster = cluster;
    }

    /** Has a session's use reported, at the given cluster time or a little later. */
    void add(LiveSession session, long dueAt) {
        unreported.compute(dueAt / SLOT_MS, (slot, sessions) -> {
            Set<LiveSession> all = sessions == null ? ConcurrentHashMap.newKeySet() : sessions;
            all.add(session);
            return all;
        });
    }

    /** Reports what is due. What the cluster does not confirm is tried again. */
    void send(long now) {
        Map<SessionKey, LiveSession> sessions = new HashMap<>();
        Map<SessionKey, Change> touches = new HashMap<>();
        for (Long slot : Set.copyOf(unreported.keySet())) {
            Set<LiveSession> due = slot <= now / SLOT_MS ? unreported.remove(slot) : null;
            for (LiveSession session : due == null ? Set.<LiveSession>of() : due) {
                Times times = session.uses().beginReport();
                if (times != null) {
                    sessions.put(session.key(), session);
                    touches.put(session.key(), new Change.Touch(times));
                }
            }
        }
        cluster.applyAll(touches, (key, touch, outcome) -> {
            LiveSession session = Objects.requireNonNull(sessions.get(key));
            if (outcome == null) {
                session.uses().reportFailed();
            } else if (outcome.applied()) {
                session.uses().reported(((Change.Touch) touch).times());
                cluster.extendAlias(session);
            } else {
                session.lookAgain();
            }
        });
    }
}
