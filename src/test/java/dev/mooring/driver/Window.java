package dev.mooring.driver;

/**
 * A time in which something was broken on purpose.
 *
 * @param fault what was done
 * @param node to which node; -1 for a server
 * @param start when, as {@link System#nanoTime()}
 * @param end when all was as before again, and some time to recover was over
 */
record Window(Fault fault, int node, long start, long end) {

    /** What can be done to a process. */
    enum Fault {
        /** kill -9, and a start soon after it. */
        KILL,
        /** SIGSTOP for 3 seconds. */
        PAUSE,
        /** SIGSTOP for 20 seconds: others give it up meanwhile. */
        LONG_PAUSE,
        /** SIGTERM, and a start after it. */
        RESTART,
        /** kill -9 of two nodes at the same moment. */
        KILL_TWO,
        /** kill -9 of a Hazelcast server, and a start soon after it. */
        KILL_SERVER,
        /** SIGSTOP of a Hazelcast server for 3 seconds. */
        PAUSE_SERVER,
        /** The same for 20 seconds. */
        LONG_PAUSE_SERVER;

        /** Whether it is done to a Hazelcast server, and not to a node. */
        boolean isOfAServer() {
            return this == KILL_SERVER || this == PAUSE_SERVER || this == LONG_PAUSE_SERVER;
        }
    }

    /** Tells whether an operation was under way in it. */
    boolean meets(Operation operation) {
        return operation.start() < end && operation.answered() > start;
    }
}
