package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the copy of one session and its record in the cluster stay in step: whoever asks of the record what changes the
 * copy takes a {@link Turn} for it, one thread at a time, so that a refresh cannot bring a later state between a change
 * and its answer. {@link Writes} and {@link EndClaim} take theirs; what reads the record anew, and gives the copy up,
 * is here.
 *
 * <p>A turn is a lock, which is taken before Jetty's session lock and never while that is held. No answer of another
 * node is awaited under either, but for the question whether a session is due, which nobody on the other side needs a
 * lock for.
 */
final class Exchange {

    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;
    private final Cluster cluster;

    /** Held by whoever has the turn; guards {@link #missed}. */
    private final ReentrantLock lock = new ReentrantLock();

    /** The load that brought the copy; grows only. */
    private final AtomicLong load;

    /** The last failure to reach the cluster. */
    private @Nullable Missed missed;

    private record Missed(long nanoTime, StoreUnavailableException failure) {}

    /** What {@link #refresh} comes to. */
    enum Found {
        /** The copy is what the record is, or the session has ended. */
        HERE,
        /** The copy is what the record is, of a session that was evicted, and is on this node again. */
        BACK,
        /** This node itself was about to end the session, and now does. */
        ENDS
    }

    Exchange(LiveSession session, WebApplication application, long load) {
        this.session = session;
        this.data = session.data();
        this.application = application;
        this.cluster = application.cluster();
        this.load = new AtomicLong(load);
    }

    /** One thread's exchanges with the record, until it is closed. */
    final class Turn implements AutoCloseable {
        private final long wanted;

        private Turn(long wanted) {
            this.wanted = wanted;
        }

        /**
         * Whoever has waited for the turn of a thread that was not answered does not wait as long once more.
         *
         * @throws StoreUnavailableException what that thread has met
         */
        void failIfMissed() {
            if (missed != null && missed.nanoTime - wanted > 0) {
                throw StoreFailure.shared(missed.failure);
            }
        }

        /** Applies a change to the record. Blocks for a round trip. */
        Outcome ask(Change change) {
            try {
                return cluster.apply(session.key(), change);
            } catch (StoreUnavailableException e) {
                missed = new Missed(System.nanoTime(), e);
                throw e;
            }
        }

        /**
         * Returns the load by which this node is to be listed. In each epoch that is another one: others may have taken
         * it for dead before, and take it off the holders by the former one, even if late.
         */
        long load(long epoch) {
            return data.isOf(epoch) ? load.get() : newLoad();
        }

        private long newLoad() {
            return load.accumulateAndGet(cluster.nextLoad(), Math::max);
        }

        /** Tells whether the copy can follow the record; where it cannot, it is to be read anew. */
        boolean isComplete(Outcome outcome) {
            try (AutoLock ignored = session.lock()) {
                boolean complete = data.isCompletedBy(outcome.requireView());
                if (!complete) {
                    data.forgetVersion();
                }
                return complete;
            }
        }

        /** The copy follows the record. */
        void adopt(SessionRecord record, long epoch) {
            String oldId;
            boolean loggedOut;
            try (AutoLock ignored = session.lock()) {
                oldId = data.getId();
                loggedOut = data.attributes().areOfLogin();
                data.adopt(record, epoch);
                loggedOut &= !data.attributes().areOfLogin();
            }
            session.idChange().follow(oldId);
            if (loggedOut) {
                session.attachments().tellLogout();
            }
            session.uses().follow();
        }

        @Override
        public void close() {
            lock.unlock();
        }
    }

    /**
     * Waits for a turn.
     *
     * @throws StoreUnavailableException if whoever has it is not done with the cluster in time
     */
    Turn turn() {
        long begun = System.nanoTime();
        if (lock.tryLock()) {
            return new Turn(begun);
        }
        try {
            if (lock.tryLock(Patience.end(Grid.CALL_TIMEOUT) - begun, TimeUnit.NANOSECONDS)) {
                return new Turn(begun);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            RequestScope.waited(System.nanoTime() - begun);
        }
        throw StoreFailure.noted(new StoreUnavailableException(
                "session " + session.key() + ": the session store, Hazelcast cluster " + cluster.name()
                        + ", did not answer another thread in time",
                null));
    }

    /** Waits for a turn for as long as that takes. */
    Turn turnAtLast() {
        long begun = System.nanoTime();
        lock.lock();
        return new Turn(begun);
    }

    /** Takes a turn if nobody has it, and null otherwise. Does not block. */
    @Nullable
    Turn tryTurn() {
        return lock.tryLock() ? new Turn(System.nanoTime()) : null;
    }

    /**
     * Reads what the record has and the copy has not; a session that was evicted is on this node again afterwards.
     * Blocks for a round trip.
     *
     * @throws StoreUnavailableException if it cannot be known what the session is now
     */
    Found refresh() {
        try (Patience ignored = RequestScope.patience();
                Turn turn = turn()) {
            EndCause cause = data.heard().end();
            if (cause != null) {
                session.ending().elsewhere(cause);
            }
            long epoch = cluster.epoch();
            if (session.isInvalidOrInvalidating() || !session.isResident() || data.isCurrent(epoch)) {
                return Found.HERE;
            }
            turn.failIfMissed();
            long heard = data.heard().version();
            long doubts = data.doubts();
            Outcome outcome = join(turn, turn.load(epoch));
            if (outcome.applied() && outcome.version() < heard) {
                // A client may be answered by a server that the record has just left, or what was heard
                // of is lost with a member. A new load is a change, and what it meets is the record.
                outcome = join(turn, turn.newLoad());
                if (outcome.applied()) {
                    data.heard().undone(heard, outcome.version());
                }
            }
            if (!outcome.applied()) {
                return session.ending().met(outcome) ? Found.ENDS : Found.HERE;
            }
            turn.adopt(outcome.requireView(), epoch);
            data.settle(doubts);
            application.leftOvers().dropGone(session, outcome.requireView());
            return session.residence().comeBack() ? Found.BACK : Found.HERE;
        }
    }

    private Outcome join(Turn turn, long asLoad) {
        Outcome outcome = turn.ask(new Change.Join(cluster.node(), asLoad, data.version(), null));
        return outcome.applied() && !turn.isComplete(outcome)
                ? turn.ask(new Change.Join(cluster.node(), asLoad, 0, null))
                : outcome;
    }

    /**
     * Gives the copy up if nobody here needs it. Does not block, and does nothing while another thread has its turn.
     *
     * @param idle tells whether nobody needs it; called in the turn and under the session's lock
     * @return what takes this node off the holders; null if the copy stays
     */
    Change.@Nullable Leave giveUp(BooleanSupplier idle) {
        Turn turn = tryTurn();
        if (turn == null) {
            return null;
        }
        try (turn;
                AutoLock ignored = session.lock()) {
            if (!idle.getAsBoolean()) {
                return null;
            }
            Change.Leave leave = leave(true);
            // What is written from here on belongs to the next load, which the departure does not touch.
            turn.newLoad();
            data.doubt();
            session.residence().goAway();
            return leave;
        }
    }

    /** Another thread has loaded the same session, and its copy was dropped in favour of this one. Does not block. */
    void loadedAgain(long newLoad) {
        load.accumulateAndGet(newLoad, Math::max);
    }

    /** Makes what takes this node off the holders. */
    Change.Leave leave(boolean unlessLast) {
        try (Turn ignored = turnAtLast()) {
            return new Change.Leave(cluster.node(), load.get(), data.times(), unlessLast);
        }
    }

    /** Tells the holders of a change that is in the record. Blocks. */
    void tell(Notice.Kind kind, Outcome outcome) {
        cluster.tell(outcome.holders(), kind, session.key(), outcome.version());
    }

    /**
     * The same where they could not be told at once: the record has the change, so they must hear of it. Does not
     * block.
     */
    void tellLater(Notice.Kind kind, Outcome outcome) {
        application.deadlines().again(() -> {
            try {
                tell(kind, outcome);
            } catch (StoreUnavailableException e) {
                LOG.debug("Session {}: its holders still cannot be told", session.key(), e);
                tellLater(kind, outcome);
            }
        });
    }
}
