package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a session's end may look like to those who use it: a socket that is closed with 1008 and the reason, one {@code
 * sessionDestroyed} in the whole cluster, with the attributes readable, and no session any more for whoever comes.
 */
final class Ends {
    /**
     * How late an end may be seen on a machine that is busy with other tests. The contract allows 1 s: the benchmark
     * {@code ManySessions} measures it.
     */
    static final Duration SEEN = Duration.ofSeconds(5);

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private Ends() {}

    /**
     * When a session was used: somewhere between the two, by {@link System#nanoTime()}.
     *
     * @param before when the request was sent
     * @param after when its answer was there
     */
    record Use(long before, long after) {
        /** Does it. */
        static Use of(Runnable use) {
            long before = System.nanoTime();
            use.run();
            return new Use(before, System.nanoTime());
        }
    }

    /**
     * Waits until the socket was closed because its session expired, and checks that this was on time; returns how late
     * it was.
     */
    static Duration expires(Socket socket, Use last, Duration maxInactive) {
        Socket.Close close =
                socket.close(maxInactive.plus(LIMIT)).orElseThrow(() -> new AssertionError(socket + " is still open"));

        assertThat(close.code()).as("%s closed with %s", socket, close).isEqualTo(1008);
        assertThat(close.reason()).isEqualTo("session expired");
        return onTime(socket.toString(), close.nanoTime(), last, maxInactive);
    }

    /** Checks that a session was neither ended early nor much too late; returns how late it was. */
    static Duration onTime(String what, long ended, Use last, Duration maxInactive) {
        assertThat(Duration.ofNanos(ended - last.before()))
                .as("%s: life after its last use", what)
                .isGreaterThanOrEqualTo(maxInactive.minusMillis(50));
        Duration late = Duration.ofNanos(ended - last.after()).minus(maxInactive);
        assertThat(late).as("%s: life after its deadline", what).isLessThan(SEEN);
        return late;
    }

    /** Checks that the socket closes since its session was invalidated. */
    static void invalidated(Socket socket) {
        closed(socket, "session invalidated");
    }

    /** Checks that the socket closes with 1008 and this reason. */
    static void closed(Socket socket, String reason) {
        Socket.Close close = socket.close(LIMIT).orElseThrow(() -> new AssertionError(socket + " is still open"));

        assertThat(close.code()).as("%s closed with %s", socket, close).isEqualTo(1008);
        assertThat(close.reason()).isEqualTo(reason);
    }

    /**
     * Waits until the session of that owner was destroyed on one of these nodes; fails when it is on more, or twice.
     */
    static void destroyedOnce(List<LiveWar> nodes, Browser anybody, String owner, Duration limit) {
        await().atMost(limit)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !destroyed(nodes, anybody, owner).isEmpty());
        assertThat(destroyed(nodes, anybody, owner)).as("destroyed " + owner).hasSize(1);
    }

    /** What the listeners of all nodes have noted of the end of that owner's session. */
    static List<String> destroyed(List<LiveWar> nodes, Browser anybody, String owner) {
        List<String> lines = new ArrayList<>();
        for (LiveWar node : nodes) {
            anybody.says(node, "journal destroyed ")
                    .lines()
                    .filter(line -> line.endsWith(" " + owner))
                    .forEach(lines::add);
        }
        return lines;
    }
}
