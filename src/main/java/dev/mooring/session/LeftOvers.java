package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.Holder;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of one web application that are in no node's memory, and yet must end in time: this node looks after
 * those whose last holder it was, and for those that nodes which are gone have left behind. Thread-safe; what looks at
 * a session blocks.
 */
final class LeftOvers {

    private static final Logger LOG = LoggerFactory.getLogger(LeftOvers.class);

    /** How long a session may be due before it is taken for left over: its own nodes end it within a second. */
    private static final long OVERDUE_MS = 5_000;

    /** What watches a session that has no deadline. */
    private static final Future<?> NEVER = CompletableFuture.completedFuture(null);

    private final WebApplication application;
    private final LiveSessions sessions;
    private final Cluster cluster;
    private final Deadlines deadlines;

    /** Set when a node may be gone, and so any session be left over. */
    private final AtomicBoolean lost = new AtomicBoolean();

    /** Counts the searches. */
    private final AtomicLong searches = new AtomicLong();

    LeftOvers(WebApplication application) {
        this.application = application;
        this.sessions = application.sessions();
        this.cluster = application.cluster();
        this.deadlines = application.deadlines();
    }

    /** Ends what is left over, if it is this node's turn to look. Blocks. */
    void search() {
        long turn = searches.incrementAndGet();
        // The first need not have this web application.
        if (!cluster.looksForLeftOver() && turn % 2 == 0) {
            return;
        }
        boolean every = lost.getAndSet(false);
        try {
            deadlines.forEach(cluster.leftOver(cluster.time() - OVERDUE_MS, every), this::look);
        } catch (StoreUnavailableException e) {
            lost.set(true);
            LOG.debug("{}: left-over sessions are looked for again later", application, e);
        }
    }

    /** Another epoch of the lease: nodes may be gone, and what was heard may not be all. Does not block. */
    void epochBegan() {
        lost.set(true);
        lookAgain();
    }

    /** Notices may have been lost, also of an end: a session whose WebSockets are silent is looked at all the same. */
    private void lookAgain() {
        deadlines.run(() -> {
            for (LiveSession session : sessions.all()) {
                try {
                    if (!session.attachments().isEmpty()) {
                        session.becomeCurrent();
                    }
                } catch (StoreUnavailableException e) {
                    LOG.debug("{}: sessions with WebSockets are looked at again later", application, e);
                    deadlines.again(this::lookAgain);
                    return;
                }
            }
        });
    }

    /**
     * This node has left the holders of a session. As the last of them it keeps the deadline, though not the session.
     */
    void left(SessionKey key, Outcome outcome) {
        boolean last =
                outcome.holders().stream().allMatch(other -> other.equals(cluster.node()) || cluster.isGone(other));
        if (last && outcome.requireView().state() == SessionRecord.State.LIVE) {
            long deadline = outcome.requireView().deadline();
            sessions.watch(
                    key,
                    () -> deadline == Long.MAX_VALUE
                            ? NEVER
                            : deadlines.ring(
                                    deadline - cluster.time(),
                                    () -> application.expiries().add(key)));
        }
    }

    /**
     * Takes nodes off a session's holders that are no more, so that nobody looks for them again at each write. Does not
     * block.
     *
     * @param record the session's record, in which they are listed
     */
    void dropGone(LiveSession session, SessionRecord record) {
        Map<String, Holder> unknown = new HashMap<>(record.holders());
        unknown.keySet().removeIf(cluster::isKnown);
        if (!unknown.isEmpty()) {
            deadlines.queue(() -> unknown.forEach((other, holder) -> dropIfGone(session, other, holder)));
        }
    }

    private void dropIfGone(LiveSession session, String other, Holder holder) {
        try {
            // Its row is looked at after the record: if it comes back, it is listed by a later load.
            if (cluster.isGone(other)) {
                Change leave = new Change.Leave(other, holder.load(), Times.UNKNOWN, false);
                session.data().sharedBy(cluster.apply(session.key(), leave).holders());
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: node {} stays among the holders for a while", session.key(), other, e);
        }
    }

    /** Looks at a session that may be due, or whose end somebody has begun. Blocks. */
    void look(SessionKey key) {
        Heard known = sessions.hear(key);
        try {
            LiveSession here = known.session();
            if (here != null) {
                here.lookAgain();
                return;
            }
            long epoch = cluster.epoch();
            long load = cluster.nextLoad();
            Outcome outcome = cluster.apply(key, new Change.Join(cluster.node(), load, 0, null));
            SessionRecord view = outcome.view();
            if (outcome.applied()) {
                application
                        .loads()
                        .adopt(key, known, outcome.requireView(), load, epoch)
                        .ending()
                        .expireIfDue();
            } else {
                known.watch(null);
                if (view != null && view.state() == SessionRecord.State.ENDING) {
                    inheritEnd(key, view, load, epoch);
                }
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: looked at again later", key, e);
            if (known.isWatched()) {
                known.watch(deadlines.again(() -> look(key)));
            }
        } finally {
            sessions.hearNoMore(key, known);
        }
    }

    private void inheritEnd(SessionKey key, SessionRecord begun, long load, long epoch) {
        String claimant = begun.endingNode();
        if (claimant == null) {
            return;
        }
        boolean mine = claimant.equals(cluster.node());
        if (!mine && !cluster.isGone(claimant) || !sessions.ending(key)) {
            return;
        }
        Outcome outcome = null;
        try {
            outcome = cluster.apply(key, new Change.Inherit(cluster.node(), claimant));
        } finally {
            if (outcome == null || !outcome.applied()) {
                sessions.ended(key);
            }
        }
        if (outcome.applied()) {
            application.loads().end(key, outcome.requireView(), load, epoch, true);
        }
    }
}
