package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node, or the server that has the record, is killed while a session ends: its listeners run all the same, and once.
 * And where one stops and another is killed right after, no session ends.
 */
class EndOnceIT {
    private static final Logger LOG = LoggerFactory.getLogger(EndOnceIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final int SESSIONS = 40;
    private static final int HANDED_ON = 300;

    /** What the contract promises where the node is dead that had to do with a session last. */
    private static final Duration TAKEN_OVER = Duration.ofSeconds(60);

    /** How soon everybody is served again after a node died; until then 503 may be the answer. */
    private static final Duration SERVED_AGAIN = Duration.ofSeconds(15);

    /** The default grace period. */
    private static final Duration GRACE = Duration.ofHours(1);

    private NodeCluster cluster;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void thoughNodesAreKilledMeanwhile(Mode mode) {
        cluster = LiveWar.onNodes("end-once", 3, mode);
        try (NodeCluster nodes = cluster) {
            oneIsStoppedAndAnotherOneKilledRightAfter();
            theOwnersOfTheRecordsAreKilled(mode);
            theNodeIsKilledThatRunsTheListeners();
            if (mode == Mode.CLIENTS) {
                allNodesAreKilledAndTheTimeToLiveIsLeft();
            }
        }
        cluster.logs().expectingDeaths().passes(List.of(on(0).path()));
    }

    /**
     * Whoever stops hands on all that it has, backups included, before it is gone: nobody ends, and nothing is lost.
     */
    private void oneIsStoppedAndAnotherOneKilledRightAfter() {
        Crowd people = cluster.newCrowd();
        Map<Integer, String> ids = new ConcurrentHashMap<>();
        IntStream.range(0, HANDED_ON).parallel().forEach(i -> {
            ids.put(i, people.opens(on(i % 3), "handed-on-" + i));
            assertThat(people.says(on((i + 1) % 3), ids.get(i), "set word " + i))
                    .isEqualTo("ok");
        });
        try (Bystander bystander = Bystander.of(cluster)) {
            cluster.stop(2);
            cluster.kill(1);

            await().atMost(SERVED_AGAIN)
                    .until(() -> ids.values().stream()
                            .noneMatch(id -> people.gets(on(0), id, "get who").statusCode() == 503));
            ids.forEach((i, id) -> {
                assertThat(people.says(on(0), id, "get who")).isEqualTo("handed-on-" + i);
                assertThat(people.says(on(0), id, "get word")).isEqualTo("" + i);
            });
            assertThat(cluster.newBrowser().says(on(0), "journal destroyed ")).isEmpty();
            // Who has left is no holder, and not one of those who are taken for dead later.
            assertThat(bystander.record(ids.get(2)).orElseThrow().holders()).hasSize(1);
            assertThat(bystander.rows()).isLessThanOrEqualTo(2);
        }
        cluster.restart(1, 2);
    }

    private void theNodeIsKilledThatRunsTheListeners() {
        Browser browser = cluster.newBrowser();
        browser.says(on(0), "open taken-over");
        browser.says(on(0), "set gate middle");
        Socket socket = browser.opens(on(1), Way.CONFIGURED);
        CompletableFuture<String> never = browser.saysLater(on(0), "invalidate");
        cluster.newBrowser().says(on(0), "await middle");
        Browser other = cluster.newBrowser();
        other.says(on(0), "open left-over");
        other.says(on(0), "setMaxInactive 3");
        // Everybody knows of the end, and its first listener runs.
        Ends.invalidated(socket);
        assertThat(browser.says(on(1), "get who")).isEqualTo("none");

        long start = System.nanoTime();
        cluster.kill(0);

        LiveWar heir = await().atMost(TAKEN_OVER).until(() -> whoDestroys("destroyed "), node -> node != null);
        LOG.info("An end was taken over {} ms after its node was killed", (System.nanoTime() - start) / 1_000_000);
        assertThat(cluster.newBrowser().says(heir, "release middle")).isEqualTo("ok");
        await().atMost(TAKEN_OVER).until(() -> whoDestroys("destroyedSlowly "), node -> node != null);
        assertThat(Ends.destroyed(survivors(), cluster.newBrowser(), "taken-over"))
                .hasSize(1);
        assertThat(never).isCompletedExceptionally();
        assertThat(browser.says(heir, "get who")).isEqualTo("none");
        // Only the dead node had this one.
        Ends.destroyedOnce(survivors(), cluster.newBrowser(), "left-over", TAKEN_OVER);
        assertThat(other.says(heir, "get who")).isEqualTo("none");
    }

    /** With members the records would be gone with them. */
    private void allNodesAreKilledAndTheTimeToLiveIsLeft() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(1), "open forsaken");
        browser.says(on(2), "setMaxInactive 60");
        try (Bystander bystander = Bystander.of(cluster)) {
            Duration expected = Duration.ofSeconds(60).plus(GRACE);
            await().atMost(TAKEN_OVER)
                    .untilAsserted(() -> assertThat(bystander.timeToLive(id)).hasValue(expected));

            cluster.kill(1);
            cluster.kill(2);

            assertThat(bystander.record(id)).isPresent();
            assertThat(bystander.timeToLive(id)).hasValue(expected);
        }
    }

    private LiveWar whoDestroys(String how) {
        for (LiveWar node : survivors()) {
            if (cluster.newBrowser()
                    .says(node, "journal " + how)
                    .lines()
                    .anyMatch(line -> line.endsWith(" taken-over"))) {
                return node;
            }
        }
        return null;
    }

    /** Members keep the records themselves: the third node goes. For clients a server goes. */
    private void theOwnersOfTheRecordsAreKilled(Mode mode) {
        Map<String, Browser> browsers = new HashMap<>();
        for (int i = 0; i < SESSIONS; i++) {
            Browser browser = cluster.newBrowser();
            browser.says(on(0), "open owned-" + i);
            browsers.put("owned-" + i, browser);
        }
        Map<Browser, CompletableFuture<String>> ended = new HashMap<>();
        for (Browser browser : browsers.values()) {
            ended.put(browser, browser.saysLater(on(ended.size() % 2), "invalidate"));
            if (ended.size() == SESSIONS / 2) {
                if (mode == Mode.MEMBERS) {
                    cluster.kill(2);
                } else {
                    cluster.killServer(0);
                }
            }
        }
        ended.forEach((browser, answer) -> {
            if (!answer.join().equals("ok")) {
                // Refused in the moment of the kill: it may have arrived all the same.
                await().atMost(SERVED_AGAIN)
                        .until(() -> Set.of("ok", "none")
                                .contains(browser.gets(on(1).say("invalidate")).body()));
            }
        });

        browsers.forEach((owner, browser) -> {
            Ends.destroyedOnce(List.of(on(0), on(1)), cluster.newBrowser(), owner, TAKEN_OVER);
            assertThat(browser.says(on(1), "get who")).as(owner).isEqualTo("none");
        });
    }

    private List<LiveWar> survivors() {
        return cluster.node(2).isAlive() ? List.of(on(1), on(2)) : List.of(on(1));
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
