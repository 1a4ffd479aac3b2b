package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thousands of sessions that are due at the same moment, half of them on both nodes by then, all end, each once. How
 * late each is, by the word of the node that has ended it, is logged: at most a second, says the contract, where the
 * machine has nothing else to do.
 */
@Tag("stress")
class ManyDueIT {
    private static final Logger LOG = LoggerFactory.getLogger(ManyDueIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final int SESSIONS = 5_000;

    /** How many are limited in one go, which takes part of a second: limits are whole ones. */
    private static final int AT_A_TIME = 250;

    /** From before the first is limited until all are due: half as long again as that takes. */
    private static final Duration AHEAD = Duration.ofSeconds(30);

    /** What must be left of it when the last one is limited. */
    private static final Duration LEFT = Duration.ofSeconds(4);

    private NodeCluster cluster;
    private Crowd people;

    /** How long a session lives on after its last use. */
    private record Limit(Ends.Use last, Duration maxInactive) {
        long deadline() {
            return last.after() + maxInactive.toNanos();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void endOnTimeAndOnce(Mode mode) {
        cluster = LiveWar.onNodes("many-due", 2, mode);
        try (NodeCluster nodes = cluster) {
            people = cluster.newCrowd();
            List<String> ids =
                    IntStream.range(0, SESSIONS).parallel().mapToObj(this::open).toList();
            List<Limit> limits = limit(ids);
            LongSummaryStatistics deadlines =
                    limits.stream().mapToLong(Limit::deadline).summaryStatistics();

            // Nobody asks before: the answer would take the nodes' time.
            Lifetimes.pause(timeUntil(deadlines.getMax()).plus(Ends.SEEN));

            Map<String, Long> ends = new HashMap<>();
            List<Integer> ended = List.of(readEnds(0, ends), readEnds(1, ends));
            assertThat(ends).hasSize(SESSIONS);
            List<Duration> late = IntStream.range(0, SESSIONS)
                    .mapToObj(i ->
                            Ends.onTime(owner(i), ends.get(owner(i)), limits.get(i).last, limits.get(i).maxInactive))
                    .toList();
            LOG.info(
                    "{}: {} sessions due within {} ms ended, {} by the nodes, the last {} ms after the last deadline;"
                            + " each after its own: on one node {}, on both {}",
                    mode,
                    SESSIONS,
                    millis(deadlines.getMax() - deadlines.getMin()),
                    ended,
                    millis(Collections.max(ends.values()) - deadlines.getMax()),
                    distribution(late, i -> !isShared(i)),
                    distribution(late, ManyDueIT::isShared));
        }
        cluster.logs().passes(List.of(on(0).path()));
    }

    private String open(int number) {
        String id = people.opens(home(number), owner(number));
        if (isShared(number)) {
            assertThat(people.says(on(1 - number % 2), id, "get who")).isEqualTo(owner(number));
        }
        return id;
    }

    /** One part at each full second before all are due, so that all of them are due at one moment. */
    private List<Limit> limit(List<String> ids) {
        long due = System.nanoTime() + AHEAD.toNanos();
        List<Limit> limits = new ArrayList<>();
        while (limits.size() < SESSIONS) {
            Lifetimes.pause(Duration.ofNanos(timeUntil(due).getNano()));
            int first = limits.size();
            limits.addAll(IntStream.range(first, first + AT_A_TIME)
                    .parallel()
                    .mapToObj(i -> limit(home(i), ids.get(i), due))
                    .toList());
        }
        return limits;
    }

    private Limit limit(LiveWar home, String id, long due) {
        Duration maxInactive = Duration.ofSeconds(timeUntil(due).toSeconds());
        assertThat(maxInactive).as("left before all are due").isGreaterThanOrEqualTo(LEFT);
        Ends.Use last = Ends.Use.of(() -> assertThat(people.says(home, id, "setMaxInactive " + maxInactive.toSeconds()))
                .isEqualTo("ok"));
        return new Limit(last, maxInactive);
    }

    /** Adds when the sessions have ended that this node has ended, none of which may have ended before. */
    private int readEnds(int node, Map<String, Long> ends) {
        List<String> lines = cluster.newBrowser()
                .says(on(node), "journal destroyed ")
                .lines()
                .toList();
        for (String line : lines) {
            String[] words = line.split(" ");
            assertThat(ends.put(words[3], Long.valueOf(words[2]))).as(line).isNull();
        }
        return lines.size();
    }

    private static String distribution(List<Duration> late, IntPredicate which) {
        List<Long> millis = IntStream.range(0, SESSIONS)
                .filter(which)
                .mapToObj(i -> late.get(i).toMillis())
                .sorted()
                .toList();
        return "half within " + millis.get(millis.size() / 2) + " ms, 99 % within "
                + millis.get(millis.size() * 99 / 100) + " ms, all within " + millis.get(millis.size() - 1) + " ms";
    }

    private static Duration timeUntil(long nanoTime) {
        return Duration.ofNanos(nanoTime - System.nanoTime());
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }

    private LiveWar home(int number) {
        return on(number % 2);
    }

    private static boolean isShared(int number) {
        return number / 2 % 2 == 0;
    }

    private static String owner(int number) {
        return "due-" + number;
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
