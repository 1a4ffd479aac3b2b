package dev.mooring.session;

import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How what was changed here of one session gets into its record, and every other holder hears of it before the change
 * counts as finished. A change may be carried by another thread's; then both wait for the same word, and hear of the
 * same failure. Thread-safe: the record is changed in a turn of {@link Exchange}, and the holders are told outside of
 * it.
 */
final class Writes {

    private static final Logger LOG = LoggerFactory.getLogger(Writes.class);

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;
    private final Cluster cluster;
    private final Exchange exchange;

    /** Counts the changes of the record. Guarded by the turn. */
    private long operations;

    /** Completes when the holders know of the newest change. Written in a turn, before that change is pending no more. */
    private volatile CompletableFuture<@Nullable Void> told = CompletableFuture.completedFuture(null);

    /**
     * Counts the times that nobody knew whether changes made here had been stored, which are forgotten then, or that a
     * holder could not be told of them. Written under the session's lock.
     */
    private volatile Loss loss = new Loss(0, null);

    private record Loss(long number, @Nullable RuntimeException failure) {}

    /** What {@link #store} comes to. */
    enum Stored {
        /** What was changed is in the cluster now. */
        NOW,
        /** There was nothing to store any more, or the session has ended. */
        BEFORE,
        /** This node itself was about to end the session, and now does. */
        ENDS
    }

    Writes(LiveSession session, WebApplication application) {
        this.session = session;
        this.data = session.data();
        this.application = application;
        this.cluster = application.cluster();
        this.exchange = session.exchange();
    }

    /**
     * Stores what was changed here: afterwards it is in the cluster and its backups, and every node that holds the
     * session knows of it. Does nothing for a session that has ended meanwhile; its changes are dropped with it.
     * Blocks, but not where there is nothing to store and nothing under way.
     *
     * @throws StoreUnavailableException if the cluster did not confirm; then the changes are forgotten here, and may
     *     have arrived or not
     */
    Stored store() {
        try (Patience ignored = RequestScope.patience()) {
            // Not to wait for the turn of somebody who only reads.
            return session.pending() == null ? others() : mine();
        }
    }

    /** Another thread's change may have carried what this one wants stored, or has read. */
    private Stored others() {
        CompletableFuture<@Nullable Void> others = told;
        if (!others.isDone()) {
            Cluster.await(others);
        }
        return Stored.BEFORE;
    }

    private Stored mine() {
        CompletableFuture<@Nullable Void> mine = new CompletableFuture<>();
        try {
            Stored stored = store(mine);
            mine.complete(null);
            return stored;
        } catch (RuntimeException | Error e) {
            // Whatever it is: others may wait for this.
            mine.completeExceptionally(e);
            throw e;
        }
    }

    private Stored store(CompletableFuture<@Nullable Void> mine) {
        LiveData.Pending pending;
        Outcome outcome = null;
        boolean ends = false;
        try (Exchange.Turn turn = exchange.turn()) {
            pending = session.pending();
            if (pending != null) {
                outcome = apply(turn, pending, mine);
                ends = !outcome.applied() && session.ending().met(outcome);
            }
        }
        if (pending == null) {
            return others();
        }
        if (outcome != null && outcome.applied()) {
            tell(pending.kind(), outcome);
            return Stored.NOW;
        }
        return ends ? Stored.ENDS : Stored.BEFORE;
    }

    private Outcome apply(Exchange.Turn turn, LiveData.Pending pending, CompletableFuture<@Nullable Void> mine) {
        CompletableFuture<@Nullable Void> before = told;
        told = mine;
        try {
            return apply(turn, pending);
        } catch (RuntimeException | Error e) {
            told = before;
            throw e;
        }
    }

    private Outcome apply(Exchange.Turn turn, LiveData.Pending pending) {
        long epoch = cluster.epoch();
        Change.Delta delta = pending.toDelta(cluster.node(), turn.load(epoch), ++operations);
        Outcome outcome;
        try {
            turn.failIfMissed();
            outcome = turn.ask(delta);
        } catch (StoreUnavailableException e) {
            try (AutoLock ignored = session.lock()) {
                if (data.discard(pending)) {
                    lost(e);
                }
            }
            throw e;
        }
        if (!outcome.applied()) {
            return outcome;
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

    // The record has its new id, and the holders must hear of it whatever becomes of the alias: it opens nothing.
    private void dropAlias(String previousId) {
        try {
            cluster.dropAlias(session.key(), previousId);
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: the alias of its former id stays until its time is over", session.key(), e);
        }
    }

    private void tell(Notice.Kind kind, Outcome outcome) {
        try {
            if (kind == Notice.Kind.LOGGED_OUT) {
                session.attachments().tellLogout();
            }
            exchange.tell(kind, outcome);
        } catch (RuntimeException e) {
            // Others have yet to ask what became of a change that this one has carried.
            lost(e);
            exchange.tellLater(kind, outcome);
            throw e;
        }
    }

    private void lost(RuntimeException failure) {
        try (AutoLock ignored = session.lock()) {
            loss = new Loss(loss.number + 1, failure);
        }
    }

    /**
     * Returns a number for {@link #failIfLostSince}, to be asked for before a change is made here. Does not block.
     *
     * @return how often this node was not sure of its changes to this session
     */
    long losses() {
        return loss.number;
    }

    /**
     * Tells a thread whose change another one may have carried, and not brought home, that nobody knows what became of
     * it. Does not block.
     *
     * @param losses what {@link #losses} returned before the change was made
     * @throws StoreUnavailableException if that was so since then
     */
    void failIfLostSince(long losses) {
        Loss last = loss;
        if (last.number != losses) {
            throw StoreFailure.shared(last.failure);
        }
    }

    /**
     * Ends the record of a session that has ended here before anybody knew whether it was made; now, or when the store
     * is back. Does nothing where that was never tried. Does not block.
     */
    void undoCreation() {
        try (Exchange.Turn ignored = exchange.turnAtLast()) {
            if (operations == 0) {
                return;
            }
        }
        application.deadlines().run(() -> {
            try {
                cluster.apply(
                        session.key(),
                        new Change.Claim(cluster.node(), EndCause.INVALIDATED, null, Set.of(), data.times(), 0));
                cluster.apply(session.key(), new Change.End(cluster.node()));
            } catch (StoreUnavailableException e) {
                LOG.debug("Session {}: it is not known yet whether it was made", session.key(), e);
                application.deadlines().again(this::undoCreation);
            }
        });
    }
}
