package dev.mooring.model;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the cluster answers to a {@link Change}.
 *
 * @param result what became of the change
 * @param base the version that the change met; -1 when it had been applied before, so that the writer looks again
 * @param version the record's version now; 0 where there is none
 * @param holders the nodes that hold a copy now
 * @param view the record for the one who asked, where the change asks for it or was refused by it
 * @param previousId the id before a change of the id, else null
 */
public record Outcome(
        Result result,
        long base,
        long version,
        Set<String> holders,
        @Nullable SessionRecord view,
        @Nullable String previousId) {

    /** What became of a change. The order is part of the format on the wire. */
    public enum Result {
        /** It is in the record. */
        APPLIED,
        /** There is no record of that key. */
        ABSENT,
        /** The session ends or has ended; the view says why. */
        ENDED,
        /** The session was used meanwhile; the view says until when it lives. */
        NOT_DUE,
        /** Holders that were not asked may have used the session; the outcome names them all. */
        ASK,
        /** There is a record already, made by somebody else. */
        EXISTS
    }

    /** Copies the holders. */
    public Outcome {
        holders = Set.copyOf(holders);
    }

    static Outcome absent() {
        return new Outcome(Result.ABSENT, 0, 0, Set.of(), null, null);
    }

    static Outcome refused(Result result, SessionRecord record) {
        return new Outcome(
                result,
                record.version(),
                record.version(),
                record.holders().keySet(),
                record.since(record.version()),
                null);
    }

    /**
     * Tells whether the change is in the record.
     *
     * @return true for {@link Result#APPLIED}
     */
    public boolean applied() {
        return result == Result.APPLIED;
    }

    /**
     * Tells why the session has ended or ends, of a change that was refused for that.
     *
     * @return the cause; {@link EndCause#EXPIRED} where not even a tombstone is left: such a record has outlived its
     *     session by far
     */
    public EndCause endCause() {
        EndCause cause = view == null ? null : view.cause();
        return cause == null ? EndCause.EXPIRED : cause;
    }

    /**
     * Returns the view of an outcome that has one.
     *
     * @return the view
     * @throws IllegalStateException if this outcome has none, which is an error of the caller
     */
    public SessionRecord requireView() {
        if (view == null) {
            throw new IllegalStateException("outcome " + result + " has no view");
        }
        return view;
    }
}
