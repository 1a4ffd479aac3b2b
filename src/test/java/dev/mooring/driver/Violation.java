package dev.mooring.driver;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Something that must not be, with the operations that show it and no others.
 *
 * @param kind what
 * @param what in words
 * @param history the operations, in order of their start
 */
record Violation(Kind kind, String what, List<Operation> history) {

    /** What must not be. */
    enum Kind {
        /** A write that was answered, and is not there in the end. */
        LOST_UPDATE,
        /**
         * A read that misses a write which was answered before: no order of the reads and writes of an attribute
         * explains it.
         */
        STALE_READ,
        /** A value that was read and not written, or not yet. */
        NEVER_WRITTEN,
        /** A session that did something after its end. */
        RESURRECTION,
        /** A session that is gone although nobody ended it. */
        LOST_SESSION,
        /** A former id that opens a session. */
        FORMER_ID,
        /** A socket that is open after the end of its session. */
        OPEN_SOCKET,
        /** A socket that was closed as if its session had ended, or ended with another code. */
        WRONG_CLOSE,
        /** {@code sessionDestroyed} ran again, although no node that ran it died. */
        DESTROYED_AGAIN,
        /** {@code sessionDestroyed} never ran for a session that has ended. */
        NOT_DESTROYED,
        /** {@code sessionDestroyed} ran for a session that nobody ended. */
        DESTROYED_ALIVE,
        /** Something is left of sessions that have ended. */
        LEFT_OVER
    }

    static Violation of(Kind kind, String what, Collection<Operation> history) {
        return new Violation(
                kind,
                what,
                history.stream()
                        .distinct()
                        .sorted(Comparator.comparingLong(Operation::start))
                        .toList());
    }

    /** The kind, the words, and the shortest history that shows it. */
    @Override
    public String toString() {
        long origin = history.isEmpty() ? 0 : history.get(0).start();
        return kind + ": " + what
                + history.stream()
                        .map(operation -> "\n    " + operation.line(origin))
                        .collect(Collectors.joining());
    }
}
