package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.util.Set;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of one session, brought about here or heard of: a claim on the record that one node of the cluster wins, then
 * the holders are told, what is attached closes, the listeners run, and a tombstone stays. Thread-safe: of the threads
 * of this node, the one goes on that brings the session into the state INVALIDATING. Blocks unless it says otherwise;
 * no listener runs under a lock.
 */
final class Ending {

    private static final Logger LOG = LoggerFactory.getLogger(Ending.class);

    /** How long the other holders of a session that is due leave its end to one of them. */
    private static final long YIELD_MS = 900;

    /** When they look whether that one still holds it: most often it is done by then, also with thousands. */
    static final long TRUST_MS = 700;

    /** How long they leave it to that one once it has asked them whether the session is due. */
    private static final long ASKED_MS = 1000;

    /** The session because of which this thread ends those of other web applications with the same id. */
    private static final ThreadLocal<@Nullable Ended> JUST_ENDED = new ThreadLocal<>();

    private record Ended(WebApplication application, String id, EndCause cause) {}

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;
    private final Cluster cluster;

    Ending(LiveSession session, WebApplication application) {
        this.session = session;
        this.data = session.data();
        this.application = application;
        this.cluster = application.cluster();
    }

    /**
     * Tells whether the current thread has just ended the session of that id in a web application, and goes on to
     * others.
     */
    static boolean hasJustEnded(WebApplication application, String id) {
        Ended ended = JUST_ENDED.get();
        return ended != null && ended.application == application && ended.id.equals(id);
    }

    // ---- expiry

    /** Ends the session if it has not been used for too long, anywhere; looks again later if it has. */
    void expireIfDue() {
        if (session.isInvalidOrInvalidating()) {
            return;
        }
        try {
            if (!session.becomeCurrent()) {
                return;
            }
            session.uses().last();
            long now = cluster.time();
            if (data.deadline() > now || !end(EndCause.EXPIRED, now)) {
                session.uses().armAlarm();
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: not ended yet, although due", session.key(), e);
            session.uses().snooze();
        }
    }

    /**
     * Begins to end the session if it is due; looks again later if not. Of one that was evicted only the record knows.
     * Does not block: where that would be needed, {@link #expireIfDue} is left to another thread.
     *
     * @param now cluster time
     * @return what claims it, to be closed; null if it is not due, or is ended by itself
     */
    @Nullable
    EndClaim claimIfDue(long now) {
        if (session.isInvalidOrInvalidating()) {
            return null;
        }
        session.uses().last();
        boolean evicted = session.residence().isEvicted();
        long late = now - data.deadline();
        if (!evicted && late < 0) {
            session.uses().armAlarm();
            return null;
        }
        long trust = Math.max(TRUST_MS, session.uses().answered() + ASKED_MS - data.deadline());
        if (!evicted && late < trust && EndClaim.isLeftToAnother(session, cluster)) {
            session.uses().lookAfterDeadline(trust);
            return null;
        }
        boolean yields = !evicted && late < YIELD_MS;
        Exchange.Turn turn =
                session.isQuiet() && data.stored() ? session.exchange().tryTurn() : null;
        if (turn == null) {
            application.deadlines().queue(this::expireIfDue);
            return null;
        }
        return new EndClaim(session, cluster, EndCause.EXPIRED, now, yields, turn);
    }

    /** A claim that {@link #claimIfDue} began has not won, or was not answered. Does not block. */
    void notExpired(EndClaim claim) {
        Outcome outcome = claim.outcome();
        if (claim.isUsed()) {
            session.uses().armAlarm();
        } else if (outcome == null) {
            session.uses().snooze();
        } else if (outcome.result() == Outcome.Result.ASK) {
            boolean early = cluster.time() - data.deadline() < TRUST_MS;
            session.uses().lookAfterDeadline(early ? TRUST_MS : YIELD_MS);
        } else if (outcome.result() == Outcome.Result.NOT_DUE) {
            // By what this copy knows it may still seem to be.
            application.deadlines().queue(this::expireIfDue);
        } else {
            elsewhere(outcome.endCause());
        }
    }

    // ---- brought about here

    /**
     * Ends the session, whatever its deadline.
     *
     * @throws IllegalStateException if the session has ended
     * @throws StoreUnavailableException if the cluster did not confirm; then the session lives
     */
    void invalidate() {
        try (Patience ignored = RequestScope.patience()) {
            end(EndCause.INVALIDATED, null);
        }
    }

    /** Begins to end the session for Jetty, which does so when one with the same id ends in another web application. */
    boolean beginForJetty() {
        Ended ended = JUST_ENDED.get();
        return begin(ended == null ? EndCause.INVALIDATED : ended.cause, null);
    }

    private boolean end(EndCause cause, @Nullable Long dueAt) {
        String id = data.getId();
        if (!begin(cause, dueAt)) {
            return false;
        }
        runListeners(cause, id, true);
        return true;
    }

    /** Ends a session that was made for a response which is not sent: nobody has its id. */
    void abandonUnlessStored() {
        if (data.stored()) {
            return;
        }
        try {
            invalidate();
        } catch (IllegalStateException e) {
            LOG.debug("Session {}: has ended before", session.key(), e);
        }
    }

    /**
     * Goes on with an end that a node has claimed which is no more, or this one while the session was evicted.
     *
     * @param knownElsewhere whether there may be sessions of the same id in other web applications
     */
    void inherit(EndCause cause, boolean knownElsewhere) {
        if (start(cause)) {
            runListeners(cause, data.getId(), knownElsewhere);
        }
    }

    /** This node's claim of the end has arrived although its answer has not: goes on with it. Does not block. */
    private void later(EndCause cause) {
        application.deadlines().run(() -> {
            try {
                end(cause, null);
            } catch (StoreUnavailableException | IllegalStateException e) {
                LOG.debug("Session {}: its end is gone on with later", session.key(), e);
                session.uses().snooze();
            }
        });
    }

    private boolean begin(EndCause cause, @Nullable Long dueAt) {
        try (Patience ignored = RequestScope.patience()) {
            return claim(cause, dueAt);
        }
    }

    private boolean claim(EndCause cause, @Nullable Long dueAt) {
        if (!session.awaitEndable(dueAt != null)) {
            return false;
        }
        if (!data.stored()) {
            if (!start(cause)) {
                return false;
            }
            session.attachments().tellEnd(cause);
            return true;
        }
        Outcome outcome;
        try (EndClaim claim = new EndClaim(
                session, cluster, cause, dueAt, false, session.exchange().turn())) {
            outcome = claim.run();
        }
        if (outcome == null) {
            return false;
        }
        if (outcome.applied()) {
            tellHolders(cause, outcome);
            session.attachments().tellEnd(cause);
            return true;
        }
        if (outcome.result() != Outcome.Result.NOT_DUE) {
            elsewhere(outcome.endCause());
            if (dueAt == null) {
                throw new IllegalStateException("Session " + session.key() + " has ended on another node");
            }
        }
        return false;
    }

    private void tellHolders(EndCause cause, Outcome claimed) {
        try {
            session.exchange().tell(Notice.Kind.of(cause), claimed);
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: has ended, but not every node could be told at once", session.key(), e);
            session.exchange().tellLater(Notice.Kind.of(cause), claimed);
        }
    }

    /** Of several threads of this node whose claims succeed, one goes on: true for that. */
    boolean start(EndCause cause) {
        try (AutoLock ignored = session.lock()) {
            if (!session.startInvalidating()) {
                return false;
            }
            data.heard().ended(cause);
            if (data.stored()) {
                application.sessions().ending(session.key());
            }
            return true;
        }
    }

    /**
     * Runs the listeners of an end that this node has claimed, and ends the sessions of the same id in other web
     * applications.
     *
     * @param id the id that the session had
     * @param knownElsewhere whether there may be any
     */
    void runListeners(EndCause cause, String id, boolean knownElsewhere) {
        SessionManager manager = application.manager();
        session.continueInvalidating();
        session.residence().activate();
        application.coverListeners();
        try {
            Patience.uncounted(() -> manager.onSessionDestroyed(session));
        } catch (RuntimeException | Error e) {
            LOG.warn("Session {}: a listener of its end failed", session.key(), e);
        }
        session.finishInvalidate();
        if (!knownElsewhere) {
            return;
        }
        Ended outer = JUST_ENDED.get();
        JUST_ENDED.set(new Ended(application, id, cause));
        try {
            manager.getSessionIdManager().invalidateAll(id);
        } finally {
            if (outer == null) {
                JUST_ENDED.remove();
            } else {
                JUST_ENDED.set(outer);
            }
        }
    }

    /** Runs the listeners of the attributes, then leaves a tombstone in the cluster. */
    void finish(Runnable jettysPart) {
        try {
            unbindAttributes();
            jettysPart.run();
        } finally {
            depart();
            if (data.stored() && data.heard().end() == EndCause.EXPIRED) {
                application.expiries().bury(session);
            } else if (data.stored()) {
                leaveTombstone();
            } else {
                session.writes().undoCreation();
            }
        }
    }

    private void leaveTombstone() {
        try (Patience ignored = RequestScope.patience()) {
            cluster.apply(session.key(), new Change.End(cluster.node()));
            buried();
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: has ended, but its record stays for a while", session.key(), e);
            application.deadlines().again(this::leaveTombstone);
        }
    }

    /** The tombstone is in place. Blocks if the session has had another id. */
    void buried() {
        cluster.dropAlias(session.key(), data.getId());
        application.sessions().ended(session.key());
    }

    // As Jetty does, but not under the session's lock, and a listener
    // that fails does not keep the others from being called.
    private void unbindAttributes() {
        Set<String> names;
        do {
            session.materialiseAll();
            try (AutoLock ignored = session.lock()) {
                names = data.getKeys();
            }
            names.forEach(this::unbind);
        } while (!names.isEmpty());
    }

    private void unbind(String name) {
        Object old;
        try (AutoLock ignored = session.lock()) {
            old = data.setAttribute(name, null);
        }
        try {
            if (old != null) {
                session.onSessionAttributeUpdate(name, null, old);
            }
        } catch (RuntimeException | Error e) {
            LOG.warn("Session {}: a listener of the end of attribute {} failed", session.key(), name, e);
        }
    }

    // ---- heard of

    /**
     * The record says that the session has ended, or ends. Does not block.
     *
     * @return true if it is this node that is to end it: it does so, and whoever has met this has no session any more
     */
    boolean met(Outcome refusal) {
        SessionRecord view = refusal.view();
        if (view != null
                && view.state() == SessionRecord.State.ENDING
                && cluster.node().equals(view.endingNode())) {
            // A claim of which nobody here knew whether it had arrived.
            later(refusal.endCause());
            return true;
        }
        elsewhere(refusal.endCause());
        return false;
    }

    /** The session has ended on another node, which runs the listeners: here it is just gone. Does not block. */
    void elsewhere(EndCause cause) {
        if (!session.becomeInvalid()) {
            return;
        }
        data.heard().ended(cause);
        depart();
        session.attachments().tellEnd(cause);
    }

    private void depart() {
        session.uses().disarm();
        application.sessions().forget(session);
        session.setResident(false);
    }
}
