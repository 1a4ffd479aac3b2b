package dev.mooring.driver;

import java.util.Locale;

/**
 * One thing that somebody did to a session, as the driver saw it. All times are {@link System#nanoTime()} of the
 * driver's process.
 *
 * @param worker who did it, one thing after the other
 * @param kind what
 * @param session the number of the session
 * @param name the attribute; empty where there is none
 * @param value what was written, or what was read; of a closed socket its code
 * @param node the number of the node that was asked
 * @param socket whether by WebSocket, rather than by HTTP
 * @param start when it was sent
 * @param answered when the answer had come, or nobody waited for it any more
 * @param result what the answer said
 */
record Operation(
        int worker,
        Kind kind,
        int session,
        String name,
        String value,
        int node,
        boolean socket,
        long start,
        long answered,
        Result result) {

    /** What can be done. */
    enum Kind {
        /** An attribute is set. */
        WRITE,
        /** An attribute is read. */
        READ,
        /** An attribute is read when nobody writes any more. */
        LAST_READ,
        /** The id changes. */
        RENAME,
        /** A request comes with an id that the session has had before. */
        FORMER_ID,
        /** The session is made. */
        OPEN,
        /** The session is ended. */
        END,
        /** The session is given another maximum inactive interval. */
        LIMIT,
        /** The session is left alone until it expires: not before the start, and not after the end. */
        EXPIRY,
        /** A socket is opened. */
        UPGRADE,
        /** A socket is closed by its node, or found to be open still: then the value is {@link #STILL_OPEN}. */
        CLOSE
    }

    /** What an answer can say. */
    enum Result {
        /** It is done. */
        OK,
        /** There is no such session, or it has ended. */
        GONE,
        /** Nobody knows whether it was done, or will be. */
        UNKNOWN,
        /** It was never sent, or with an id that may have been a former one, and found no session: nothing was done. */
        NOT_SENT
    }

    static final String STILL_OPEN = "open";

    /** Until when it may have been done: without an answer at any time. */
    long end() {
        return result == Result.UNKNOWN ? Long.MAX_VALUE : answered;
    }

    /** Tells whether it was answered, and done. */
    boolean ok() {
        return result == Result.OK;
    }

    /** Tells whether it found that there is no session. */
    boolean gone() {
        return result == Result.GONE;
    }

    /** Tells whether it was over before the other one began. */
    boolean isBefore(Operation other) {
        return end() < other.start;
    }

    /** Tells whether it is something that a session must live for. */
    boolean needsLife() {
        return switch (kind) {
            case WRITE, READ, LAST_READ, RENAME, UPGRADE, LIMIT -> true;
            case FORMER_ID, OPEN, END, EXPIRY, CLOSE -> false;
        };
    }

    /** One line, with times in milliseconds since {@code origin}. */
    String line(long origin) {
        return String.format(
                Locale.ROOT,
                "%9.2f to %9s ms  worker %d: %s %s%s at node-%d by %s: %s",
                (start - origin) / 1e6,
                result == Result.UNKNOWN ? "?" : String.format(Locale.ROOT, "%.2f", (answered - origin) / 1e6),
                worker,
                kind,
                name,
                value.isEmpty() ? "" : "=" + value,
                node,
                socket ? "WebSocket" : "HTTP",
                result);
    }
}
