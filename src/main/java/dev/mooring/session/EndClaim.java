package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A claim of one session's end, one step after the other, so that those of many sessions can take each step together:
 * where it must be due, the other holders say when they used it last, then the record decides. Has the session's turn
 * of {@link Exchange} until it is closed; used by one thread.
 */
final class EndClaim implements AutoCloseable {

    private final LiveSession session;
    private final LiveData data;
    private final Cluster cluster;
    private final EndCause cause;
    private final @Nullable Long dueAt;

    /** Whether it is given up where several nodes hold the session, and another is to end it. */
    private final boolean yields;

    private final Exchange.Turn turn;
    private final String id;
    private Set<String> asked;
    private Set<String> toAsk;
    private long since;
    private long epoch;
    private @Nullable Outcome outcome;
    private boolean used;
    private boolean over;

    /**
     * Begins a claim.
     *
     * @param cause why the session ends
     * @param dueAt cluster time at which it must be due, whoever used it last; null to end it whatever its deadline
     * @param yields whether it is left to another node that holds the session, if all choose that one
     * @param turn the session's turn
     */
    EndClaim(
            LiveSession session,
            Cluster cluster,
            EndCause cause,
            @Nullable Long dueAt,
            boolean yields,
            Exchange.Turn turn) {
        this.session = session;
        this.data = session.data();
        this.cluster = cluster;
        this.cause = cause;
        this.dueAt = dueAt;
        this.yields = yields;
        this.turn = turn;
        this.id = data.getId();
        this.since = data.version();
        this.asked = Set.of(cluster.node());
        // Those that this node knows of; the record knows whether there are more. Where another
        // is to end the session, only the record is asked whether that one still has it.
        boolean asksLater = yields && isLeftToAnother(session, cluster)
                || session.residence().isEvicted();
        this.toAsk = dueAt == null || asksLater ? Set.of() : data.sharers();
    }

    LiveSession session() {
        return session;
    }

    /** Returns the id that the session has. */
    String id() {
        return id;
    }

    /**
     * Takes all steps. Blocks.
     *
     * @return as {@link #outcome}
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    @Nullable
    Outcome run() {
        while (!over) {
            if (!toAsk.isEmpty()) {
                heard(cluster.tell(toAsk, Notice.Kind.DUE, session.key(), 0));
                continue;
            }
            try {
                answered(cluster.apply(session.key(), change()));
            } catch (StoreUnavailableException e) {
                unanswered();
                throw e;
            }
        }
        return outcome;
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
                if (!turn.isComplete(answer)) {
                    // The same node that claims again wins again.
                    since = 0;
                    over = false;
                } else {
                    turn.adopt(answer.requireView(), epoch);
                    // In the same turn: nobody here can meet the claimed record, and take it for another node's end.
                    outcome = session.ending().start(cause) ? answer : null;
                }
            }
            case ASK -> {
                toAsk = answer.holders();
                data.sharedBy(toAsk);
                over = yields && isLeftToAnother(session, cluster);
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

    /** Takes the holders' answer. What was used is not due: nothing is asked of the record. */
    void heard(long lastUse) {
        data.usedAt(lastUse);
        asked = new HashSet<>(toAsk);
        asked.add(cluster.node());
        toAsk = Set.of();
        // An evicted copy may be outdated, and the session have another limit by now: its record knows.
        used = dueAt != null && data.deadline() > dueAt && !session.residence().isEvicted();
        over = used;
        outcome = null;
    }

    /** Tells whether the claim is over because the other holders have said that the session was used. */
    boolean isUsed() {
        return used;
    }

    boolean isOver() {
        return over;
    }

    /**
     * Returns the last answer; null if there was none, another thread of this node goes on, or the session was used.
     */
    @Nullable
    Outcome outcome() {
        return outcome;
    }

    /** The claim has won, but the holders could not be told. Does not block. */
    void tellOfEndLater() {
        if (outcome != null) {
            session.exchange().tellLater(Notice.Kind.of(cause), outcome);
        }
    }

    /**
     * Tells whether the session, when it is due, is to be ended by another of the nodes that hold it, as far as this
     * one knows them: all choose the same. Does not block.
     */
    static boolean isLeftToAnother(LiveSession session, Cluster cluster) {
        int mine = rank(session.key(), cluster.node());
        for (String holder : session.data().sharers()) {
            if (rank(session.key(), holder) < mine && cluster.isKnown(holder)) {
                return true;
            }
        }
        return false;
    }

    /** The holder of the lowest rank ends the session: each that of as many sessions as any other. */
    static int rank(SessionKey session, String holder) {
        // A product: by a sum, one node would come before the other for most of the sessions, or all.
        return holder.hashCode() * session.name().hashCode();
    }

    @Override
    public void close() {
        turn.close();
    }
}
