package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session is invalidated on one node while on another a slow request, an asynchronous one and a WebSocket write to
 * it, while a third node loads it, and while it gets a new id: it ends everywhere, once, and for good.
 */
class EndRaceIT {
    private static final Logger LOG = LoggerFactory.getLogger(EndRaceIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final int AT_A_TIME = 8;
    private static final int WRITES = 12;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** What somebody may be answered whose session ends meanwhile. */
    private static final List<String> LEGAL = List.of("ok", "none", "!IllegalStateException");

    /** Those whom nobody uses just now: to make one takes longer than a round. */
    private final Queue<Browser> browsers = new ConcurrentLinkedQueue<>();

    private NodeCluster cluster;
    private Random dice;
    private final Map<String, String> firstIds = new ConcurrentHashMap<>();

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void endsEverywhereOnceAndForGood(Mode mode) throws Exception {
        race(mode, 500);
    }

    @Tag("stress")
    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void endsEverywhereOnceAndForGoodManyTimes(Mode mode) throws Exception {
        race(mode, 5_000);
    }

    private void race(Mode mode, int rounds) throws Exception {
        long seed = System.nanoTime();
        LOG.info("{} rounds, {}, seed {}", rounds, mode, seed);
        dice = new Random(seed);
        cluster = LiveWar.onNodes("end-race-" + mode, 3, mode);
        try (NodeCluster nodes = cluster;
                Bystander bystander = Bystander.of(nodes)) {
            for (int i = 0; i < AT_A_TIME; i++) {
                browsers.add(cluster.newBrowser());
            }
            ExecutorService racers = Executors.newFixedThreadPool(AT_A_TIME);
            List<CompletableFuture<Void>> done = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                String owner = "racer-" + round;
                long roundSeed = dice.nextLong();
                done.add(CompletableFuture.runAsync(() -> race(owner, new Random(roundSeed)), racers));
            }
            CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(15, TimeUnit.MINUTES);
            racers.shutdown();

            everySessionWasDestroyedOnce(rounds);
            firstIds.forEach((owner, id) -> await().pollDelay(Duration.ZERO)
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.record(id))
                            .as("record of %s", owner)
                            .hasValueSatisfying(record -> {
                                assertThat(record.state()).isEqualTo(SessionRecord.State.ENDED);
                                assertThat(record.attributes()).isEmpty();
                            })));
        }
        cluster.logs().passes(List.of(on(0).path()));
    }

    private void race(String owner, Random fate) {
        Browser browser = browsers.remove();
        try {
            race(browser, owner, fate);
        } finally {
            browsers.add(browser);
        }
    }

    private void race(Browser browser, String owner, Random fate) {
        String firstId = browser.says(on(0), "open " + owner);
        firstIds.put(owner, firstId);
        browser.says(on(0), "keep " + owner);
        Socket socket = browser.opens(on(0), Way.CONFIGURED);
        List<CompletableFuture<String>> answers = new ArrayList<>();
        socket.sends("hammer " + WRITES + " c");
        answers.add(browser.saysLater(on(0), "hammer " + WRITES + " a"));
        answers.add(browser.saysLater(on(0), "async - hammer " + WRITES + " b"));
        CompletableFuture<String> changed = fate.nextBoolean() ? browser.saysLater(on(0), "changeId") : null;
        CompletableFuture<String> loaded = fate.nextBoolean() ? browser.saysLater(on(2), "get who") : null;
        pause(fate.nextInt(15));

        String ended = "none";
        // With an id that is just changing nobody finds the session for a moment.
        while (ended.equals("none")) {
            ended = browser.says(on(1), "invalidate");
        }

        assertThat(ended).as("%s invalidated", owner).isEqualTo("ok");
        assertThat(browser.says(on(0), "kept " + owner + " set late 1"))
                .as("the handle of %s after the end", owner)
                .isEqualTo("!IllegalStateException");
        Ends.invalidated(socket);
        answers.forEach(answer -> assertThat(answer.join()).as(owner).isIn(LEGAL));
        if (loaded != null) {
            assertThat(loaded.join()).as(owner).isIn(owner, "none", "!IllegalStateException");
        }
        if (changed != null) {
            changed.join();
        }
        for (int node = 0; node < 3; node++) {
            assertThat(browser.says(on(node), "get who"))
                    .as("%s on node %s", owner, node)
                    .isEqualTo("none");
        }
    }

    private void everySessionWasDestroyedOnce(int rounds) {
        Map<String, Long> destroyed = List.of(0, 1, 2).stream()
                .flatMap(node -> cluster.newBrowser()
                        .says(on(node), "journal destroyed ")
                        .lines())
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        assertThat(destroyed).hasSize(rounds);
        assertThat(destroyed)
                .allSatisfy((owner, times) -> assertThat(times).as(owner).isOne());
    }

    private static void pause(int millis) {
        await().pollDelay(Duration.ofMillis(millis))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> true);
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
