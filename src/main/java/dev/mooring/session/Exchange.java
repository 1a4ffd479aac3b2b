package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one session and its record in the cluster say to each other. One exchange at a time, so that the copy and the record
 * move on in step: a refresh cannot bring a later state between a change and its answer.
 *
 * <p>{@link #lock} is taken before Jetty's session lock and never while that is held. No answer of another node is awaited under
 * either, but for the question whether a session is due, which nobody on the other side needs a lock for.
 */
final class Exchange {

    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final long RETRY_MS = 1000;

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;
    private final Cluster cluster;

    /** One exchange with the cluster at a time; guards {@link #load}, {@link #operations}, {@link #told} and {@link #missed}. */
    private final ReentrantLock lock = new ReentrantLock();

    /** The last failure to reach the cluster: whoever has waited for the lock meanwhile does not wait as long once more. */
    private @Nullable Missed missed;

    private record Missed(long nanoTime, StoreUnavailableException failure) {}

    /** Counts the times that changes made here were forgotten, since nobody knew whether they had been stored. */
    private volatile Loss loss = new Loss(0, null);

    private record Loss(long number, @Nullable StoreUnavailableException failure) {}

    /** The load that brought the copy. */
    private long load;

    private long operations;

    /** Completes when the holders know of the newest change. */
    private CompletableFuture<@Nullable Void> told = CompletableFuture.completedFuture(null);

    Exchange(LiveSession session, LiveData data, WebApplication application, long load) {
        this.session = session;
        this.data = data;
        this.application = application;
        this.cluster = application.cluster();
        this.load = load;
    }

    /**
     * Reads what the record has and the copy has not; a session that was evicted is on this node again afterwards. Blocks for a
     * round trip.
     *
     * @return whether it was evicted
     * @throws StoreUnavailableException if it cannot be known what the session is now
     * @throws IllegalStateException if this node itself was about to end it, and now does
     */
    boolean refresh() {
        try (Patience ignored = Patience.begin(Duration.ZERO)) {
            return readAnew();
        }
    }

    private boolean readAnew() {
        long begun = System.nanoTime();
        lock();
        try {
            EndCause cause = data.heard().end();
            if (cause != null) {
                session.ending().elsewhere(cause);
            }
            long epoch = cluster.epoch();
            if (session.isInvalidOrInvalidating() || !session.isResident() || data.isCurrent(epoch)) {
                return false;
            }
            failIfMissedSince(begun);
            long heard = data.heard().version();
            long doubts = data.doubts();
            Outcome outcome = join(epoch);
            if (outcome.applied() && outcome.version() < heard) {
                // A client may be answered by a server that the record has just left, or what was heard
                // of is lost with a member. A new load is a change, and what it meets is the record.
                load = cluster.nextLoad();
                outcome = join(epoch);
                if (outcome.applied()) {
                    data.heard().undone(heard, outcome.version());
                }
            }
            if (outcome.applied()) {
                adopt(outcome.requireView(), epoch);
                data.settle(doubts);
                application.leftOvers().dropGone(session, outcome.requireView());
                return session.residence().comeBack();
            }
            refused(outcome);
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives the copy up if nobody here needs it. Does not block, and does nothing while another thread has an exchange.
     *
     * @param idle tells whether nobody needs it; called under both locks
     * @return what takes this node off the holders; null if the copy stays
     */
    Change.@Nullable Leave giveUp(BooleanSupplier idle) {
        if (!lock.tryLock()) {
            return null;
        }
        try (AutoLock ignored = session.lock()) {
            if (!idle.getAsBoolean()) {
                return null;
            }
            Change.Leave leave = leave(true);
            // What is written from here on belongs to the next load, which the departure does not touch.
            load = cluster.nextLoad();
            data.doubt();
            session.residence().goAway();
            return leave;
        } finally {
            lock.unlock();
        }
    }

    /** Another thread has loaded the same session, and its copy was dropped in favour of this one. */
    void loadedAgain(long newLoad) {
        lock.lock();
        try {
            load = Math.max(load, newLoad);
        } finally {
            lock.unlock();
        }
    }

    private Outcome join(long epoch) {
        renewLoad(epoch);
        Outcome outcome = ask(new Change.Join(cluster.node(), load, data.version(), null));
        return outcome.applied() && !isComplete(outcome)
                ? ask(new Change.Join(cluster.node(), load, 0, null))
                : outcome;
    }

    /**
     * In each epoch this node is listed by another load: others may have taken it for dead before, and take it off the holders by
     * the former one, even if late.
     */
    private void renewLoad(long epoch) {
        if (!data.isOf(epoch)) {
            load = cluster.nextLoad();
        }
    }

    private Outcome ask(Change change) {
        try {
            return cluster.apply(session.key(), change);
        } catch (StoreUnavailableException e) {
            missed = new Missed(System.nanoTime(), e);
            throw e;
        }
    }

    private void failIfMissedSince(long begun) {
        if (missed != null && missed.nanoTime - begun > 0) {
            throw StoreFailure.shared(missed.failure);
        }
    }

    /** Tells whether the copy can follow the record; where it cannot, it is to be read anew. */
    private boolean isComplete(Outcome outcome) {
        try (AutoLock ignored = session.lock()) {
            boolean complete = data.isCompletedBy(outcome.requireView());
            if (!complete) {
                data.forgetVersion();
            }
            return complete;
        }
    }

    private void adopt(SessionRecord record, long epoch) {
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

    /**
     * Stores what was changed here: afterwards it is in the cluster and its backups, and every node that holds the session
     * knows of it. Does nothing for a session that has ended meanwhile; its changes are dropped with it. Blocks.
     *
     * @return whether there was anything to store
     * @throws StoreUnavailableException if the cluster did not confirm; then the changes are forgotten here, and may have
     *     arrived or not
     */
    boolean store() {
        try (Patience ignored = Patience.begin(Duration.ZERO)) {
            return storeAndTell();
        }
    }

    private boolean storeAndTell() {
        CompletableFuture<@Nullable Void> mine = new CompletableFuture<>();
        Notice.Kind kind = Notice.Kind.CHANGED;
        Outcome outcome = null;
        long begun = System.nanoTime();
        lock();
        try {
            LiveData.Pending pending = session.pending();
            if (pending == null) {
                // Another thread's change may have carried what this one wants stored: wait until it has been told.
                mine = told;
            } else {
                kind = pending.kind();
                outcome = apply(pending, begun);
                if (outcome == null) {
                    return false;
                }
                told = mine;
            }
        } finally {
            lock.unlock();
        }
        if (outcome == null) {
            await(mine);
        } else {
            if (kind == Notice.Kind.LOGGED_OUT) {
                session.attachments().tellLogout();
            }
            tell(mine, kind, outcome);
        }
        return outcome != null;
    }

    private @Nullable Outcome apply(LiveData.Pending pending, long begun) {
        long epoch = cluster.epoch();
        renewLoad(epoch);
        Change.Delta delta = pending.toDelta(cluster.node(), load, ++operations);
        Outcome outcome;
        try {
            failIfMissedSince(begun);
            outcome = ask(delta);
        } catch (StoreUnavailableException e) {
            try (AutoLock ignored = session.lock()) {
                if (data.discard(pending)) {
                    loss = new Loss(loss.number + 1, e);
                }
            }
            throw e;
        }
        if (!outcome.applied()) {
            refused(outcome);
            return null;
        }
        session.uses().reported(delta.times());
        if (data.stored() && outcome.base() != data.version()) {
            cluster.figures().conflict();
        }
        String oldId;
        try (AutoLock ignored = session.lock()) {
            oldId = data.getId();
            data.stored(pending, delta, outcome.base(), outcome.version(), epoch);
            data.sharedBy(outcome.holders());
        }
        session.idChange().follow(oldId);
        String previousId = outcome.previousId();
        if (previousId != null) {
            dropAlias(previousId);
        }
        return outcome;
    }

    private void refused(Outcome outcome) {
        SessionRecord view = outcome.view();
        if (view != null && cluster.node().equals(view.endingNode()) && view.state() == SessionRecord.State.ENDING) {
            // A claim of which nobody here knew whether it had arrived.
            session.ending().later(causeOf(outcome));
            throw new IllegalStateException("Session " + session.key() + " is being ended");
        }
        session.ending().elsewhere(causeOf(outcome));
    }

    // The record has its new id, and the holders must hear of it whatever becomes of the alias: it opens nothing.
    private void dropAlias(String previousId) {
        try {
            cluster.dropAlias(session.key(), previousId);
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: the alias of its former id stays until its time is over", session.key(), e);
        }
    }

    private void tell(CompletableFuture<@Nullable Void> mine, Notice.Kind kind, Outcome outcome) {
        try {
            cluster.tell(outcome.holders(), kind, session.key(), outcome.version());
            mine.complete(null);
        } catch (RuntimeException e) {
            // Whatever it is: others wait for this.
            mine.completeExceptionally(e);
            forgetFailure(mine);
            tellLater(kind, outcome);
            throw e;
        }
    }

    // Those who wait for it now fail; those who come later have nothing to do with it.
    private void forgetFailure(CompletableFuture<@Nullable Void> failed) {
        lock.lock();
        try {
            if (told == failed) {
                told = CompletableFuture.completedFuture(null);
            }
        } finally {
            lock.unlock();
        }
    }

    // The record has the change, so the holders must hear of it, late as it is.
    private void tellLater(Notice.Kind kind, Outcome outcome) {
        application.deadlines().in(RETRY_MS, () -> {
            try {
                cluster.tell(outcome.holders(), kind, session.key(), outcome.version());
            } catch (StoreUnavailableException e) {
                LOG.debug("Session {}: its holders still cannot be told", session.key(), e);
                tellLater(kind, outcome);
            }
        });
    }

    /**
     * Returns a number for {@link #failIfLostSince}, to be asked for before a change is made here. Does not block.
     *
     * @return how often changes of this node to this session were forgotten
     */
    long losses() {
        return loss.number;
    }

    /**
     * Tells a thread whose change another one may have carried, and not brought home, that nobody knows what became of it. Does
     * not block.
     *
     * @param losses what {@link #losses} returned before the change was made
     * @throws StoreUnavailableException if changes were forgotten since then
     */
    void failIfLostSince(long losses) {
        Loss last = loss;
        if (last.number != losses) {
            throw StoreFailure.shared(last.failure);
        }
    }

    private static void await(CompletableFuture<@Nullable Void> told) {
        long begun = System.nanoTime();
        try {
            told.copy()
                    .orTimeout(Patience.end(Grid.CALL_TIMEOUT) - begun, TimeUnit.NANOSECONDS)
                    .join();
        } catch (CompletionException e) {
            throw StoreFailure.shared(e.getCause());
        } finally {
            RequestScope.waited(System.nanoTime() - begun);
        }
    }

    /** Takes the lock, unless its holder is not done with the cluster in time. */
    private void lock() {
        if (lock.tryLock()) {
            return;
        }
        long begun = System.nanoTime();
        try {
            if (lock.tryLock(Patience.end(Grid.CALL_TIMEOUT) - begun, TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            RequestScope.waited(System.nanoTime() - begun);
        }
        throw new StoreUnavailableException(
                "session " + session.key() + ": the session store, Hazelcast cluster " + cluster.name()
                        + ", did not answer another thread in time",
                null);
    }

    /**
     * A claim of the session's end, one step after the other, so that those of many sessions can take each step together. Whoever
     * has it holds {@link #lock}, and gives it back by {@link #close}.
     */
    final class Claim implements AutoCloseable {
        private final EndCause cause;
        private final @Nullable Long dueAt;
        private final BooleanSupplier won;
        private final String id;
        private Set<String> asked = Set.of(cluster.node());
        private Set<String> toAsk;
        private long since = data.version();
        private long epoch;
        private @Nullable Outcome outcome;
        private boolean over;

        /** Whether it is given up where several nodes hold the session, and another is to end it. */
        private final boolean yields;

        private Claim(EndCause cause, @Nullable Long dueAt, BooleanSupplier won, boolean yields) {
            this.cause = cause;
            this.dueAt = dueAt;
            this.won = won;
            this.yields = yields;
            // Those that this node knows of; the record knows whether there are more. Where another
            // is to end the session, only the record is asked whether that one still has it.
            this.toAsk = dueAt == null || yields && isLeftToAnother() ? Set.of() : data.sharers();
            this.id = data.getId();
        }

        LiveSession session() {
            return session;
        }

        /** Returns the id that the session has. */
        String id() {
            return id;
        }

        /** Returns what to apply to the record next. */
        Change change() {
            epoch = cluster.epoch();
            return new Change.Claim(cluster.node(), cause, dueAt, asked, data.times(), since);
        }

        /** Takes the record's answer. */
        void answered(Outcome answer) {
            outcome = answer;
            over = answer.result() != Outcome.Result.ASK;
            switch (answer.result()) {
                case APPLIED -> {
                    if (!isComplete(answer)) {
                        // The same node that claims again wins again.
                        since = 0;
                        over = false;
                    } else {
                        adopt(answer.requireView(), epoch);
                        outcome = won.getAsBoolean() ? answer : null;
                    }
                }
                case ASK -> {
                    toAsk = answer.holders();
                    data.sharedBy(toAsk);
                    over = yields && isLeftToAnother();
                }
                case NOT_DUE -> {
                    data.usedAt(answer.requireView().times().used());
                    data.heard().changed(answer.version());
                }
                case ABSENT, ENDED, EXISTS -> {}
            }
        }

        /** There was no answer. It may have arrived all the same: whoever reads next looks. */
        void unanswered() {
            data.doubt();
            outcome = null;
            over = true;
        }

        /** Returns the holders that must say when they used the session last, before it is claimed; none if all have. */
        Set<String> toAsk() {
            return toAsk;
        }

        /** Takes the holders' answer. */
        void heard(long lastUse) {
            data.usedAt(lastUse);
            asked = new HashSet<>(toAsk);
            asked.add(cluster.node());
            toAsk = Set.of();
        }

        boolean isOver() {
            return over;
        }

        /** Returns the last answer; null if there was none, or another thread of this node goes on. */
        @Nullable
        Outcome outcome() {
            return outcome;
        }

        /** The claim has won, but the holders could not be told. Does not block. */
        void tellOfEndLater() {
            if (outcome != null) {
                tellLater(Notice.Kind.of(cause), outcome);
            }
        }

        @Override
        public void close() {
            lock.unlock();
        }
    }

    /**
     * Claims the end of the session. Blocks.
     *
     * @param cause why it ends
     * @param dueAt cluster time at which it must be due, whoever used it last; null to end it whatever its deadline
     * @param won run once the claim has won, while nobody here can meet the claimed record and take it for another node's end;
     *     answers whether this thread is the one that goes on
     * @return the answer; null if another thread of this node goes on
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    @Nullable
    Outcome claim(EndCause cause, @Nullable Long dueAt, BooleanSupplier won) {
        lock.lock();
        try (Claim claim = new Claim(cause, dueAt, won, false)) {
            while (!claim.isOver()) {
                if (!claim.toAsk().isEmpty()) {
                    claim.heard(cluster.tell(claim.toAsk(), Notice.Kind.DUE, session.key(), 0));
                }
                try {
                    claim.answered(cluster.apply(session.key(), claim.change()));
                } catch (StoreUnavailableException e) {
                    claim.unanswered();
                    throw e;
                }
            }
            return claim.outcome();
        }
    }

    /**
     * Tells whether the session, when it is due, is to be ended by another of the nodes that hold it, as far as this one knows
     * them: all choose the same.
     */
    private boolean isLeftToAnother() {
        int mine = rank(cluster.node());
        return data.sharers().stream().anyMatch(holder -> rank(holder) < mine);
    }

    private int rank(String holder) {
        return (holder + session.key().name()).hashCode();
    }

    /** As {@link #claim}, for many sessions at a time. Does not block; null while another thread has an exchange. */
    @Nullable
    Claim tryToClaim(EndCause cause, long dueAt, BooleanSupplier won, boolean yields) {
        return lock.tryLock() ? new Claim(cause, dueAt, won, yields) : null;
    }

    /** Tells the holders of an end that was claimed. Blocks. */
    void tellOfEnd(EndCause cause, Outcome claimed) {
        try {
            cluster.tell(claimed.holders(), Notice.Kind.of(cause), session.key(), claimed.version());
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: has ended, but not every node could be told at once", session.key(), e);
            tellLater(Notice.Kind.of(cause), claimed);
        }
    }

    /** Leaves a tombstone of an end that was claimed, since its listeners have run; later if the cluster does not answer. Blocks. */
    void leaveTombstone() {
        try {
            cluster.apply(session.key(), new Change.End(cluster.node()));
            buried();
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: has ended, but its record stays for a while", session.key(), e);
            application.deadlines().in(RETRY_MS, this::leaveTombstone);
        }
    }

    /** The tombstone is in place. Blocks if the session has had another id. */
    void buried() {
        cluster.dropAlias(session.key(), data.getId());
        application.sessions().ended(session.key());
    }

    /**
     * Ends the record of a session that has ended here before anybody knew whether it was made; now, or when the store is back.
     * Does nothing where that was never tried. Does not block.
     */
    void undoCreation() {
        lock.lock();
        try {
            if (operations == 0) {
                return;
            }
        } finally {
            lock.unlock();
        }
        application.deadlines().run(() -> {
            try {
                cluster.apply(
                        session.key(),
                        new Change.Claim(cluster.node(), EndCause.INVALIDATED, null, Set.of(), data.times(), 0));
                cluster.apply(session.key(), new Change.End(cluster.node()));
            } catch (StoreUnavailableException e) {
                LOG.debug("Session {}: it is not known yet whether it was made", session.key(), e);
                application.deadlines().in(RETRY_MS, this::undoCreation);
            }
        });
    }

    /** Makes what takes this node off the holders. */
    Change.Leave leave(boolean unlessLast) {
        lock.lock();
        try {
            return new Change.Leave(cluster.node(), load, data.times(), unlessLast);
        } finally {
            lock.unlock();
        }
    }

    static EndCause causeOf(Outcome outcome) {
        SessionRecord view = outcome.view();
        EndCause cause = view == null ? null : view.cause();
        // A record that is not even a tombstone any more has outlived its session by far.
        return cause == null ? EndCause.EXPIRED : cause;
    }
}
