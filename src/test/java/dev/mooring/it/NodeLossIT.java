package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One of two nodes goes; the other one has the sessions. */
class NodeLossIT {
    private static final Duration LIMIT = Duration.ofSeconds(15);

    /** What the README promises for sessions of dead nodes. */
    private static final Duration LEFT_OVER_LIMIT = Duration.ofSeconds(60);

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes() {
        cluster = LiveWar.onNodes("node-loss", 2, Mode.MEMBERS);
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expectingDeaths()
                .passes(LiveWar.ENVIRONMENTS.stream()
                        .map(environment -> on(1, environment).path())
                        .toList());
    }

    @BeforeEach
    void bothNodesRun() {
        if (!cluster.node(0).isAlive()) {
            cluster.restart(0);
        }
    }

    @Test
    void aNodeKilledRightAfterTheAnswerHasLostNothing() {
        Map<String, Browser> browsers = openedOnTheFirstNode();
        for (int round = 0; round < 20; round++) {
            for (String environment : LiveWar.ENVIRONMENTS) {
                browsers.get(environment).says(on(0, environment), "set round " + round);
            }
        }
        Socket last = browsers.get("ee11").opens(on(0, "ee11"), Way.CONFIGURED);
        browsers.get("ee10").says(on(0, "ee10"), "set last http");
        last.asks("set last websocket");

        cluster.kill(0);

        long start = System.nanoTime();
        assertThat(browsers.get("ee11").saysWhenServed(on(1, "ee11"), "get last", LIMIT))
                .isEqualTo("websocket");
        assertThat(browsers.get("ee10").saysWhenServed(on(1, "ee10"), "get last", LIMIT))
                .isEqualTo("http");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT);
        for (String environment : LiveWar.ENVIRONMENTS) {
            assertThat(browsers.get(environment).says(on(1, environment), "get round"))
                    .isEqualTo("19");
            assertThat(browsers.get(environment).says(on(1, environment), "get who"))
                    .isEqualTo("ada");
            assertThat(browsers.get(environment).saysWhenServed(on(1, environment), "set after 1", LIMIT))
                    .isEqualTo("ok");
            assertThat(browsers.get(environment).says(on(1, environment), "get after"))
                    .isEqualTo("1");
        }
    }

    @Test
    void aNodeThatStopsClosesItsSocketsWith1001AndTheOtherNodesStayOpen() {
        Map<String, Browser> browsers = openedOnTheFirstNode();
        var leaving = new HashMap<String, Socket>();
        var staying = new HashMap<String, Socket>();
        for (String environment : LiveWar.ENVIRONMENTS) {
            leaving.put(environment, browsers.get(environment).opens(on(0, environment), Way.CONFIGURED));
            staying.put(environment, browsers.get(environment).opens(on(1, environment), Way.CONFIGURED));
            assertThat(leaving.get(environment).asks("set from leaving")).isEqualTo("ok");
            assertThat(staying.get(environment).asks("get from")).isEqualTo("leaving");
        }

        cluster.stop(0);

        for (String environment : LiveWar.ENVIRONMENTS) {
            Socket.Close close = leaving.get(environment).close(LIMIT).orElseThrow();
            assertThat(close.code()).as("%s in %s", close, environment).isEqualTo(1001);
            assertThat(staying.get(environment).asks("get from")).isEqualTo("leaving");
            assertThat(browsers.get(environment).says(on(1, environment), "get who"))
                    .isEqualTo("ada");
            assertThat(browsers.get(environment).says(on(1, environment), "set from staying"))
                    .isEqualTo("ok");
            assertThat(staying.get(environment).asks("get from")).isEqualTo("staying");
        }
        assertThat(List.of(staying.get("ee10"), staying.get("ee11"))).allMatch(Socket::isOpen);
    }

    @Test
    void aSessionThatOnlyADeadNodeHeldEndsOnceOnTheOther() {
        Map<String, Browser> browsers = new HashMap<>();
        for (String environment : LiveWar.ENVIRONMENTS) {
            Browser browser = cluster.newBrowser();
            browser.says(on(0, environment), "open left-over");
            browser.says(on(0, environment), "setMaxInactive 3");
            browsers.put(environment, browser);
        }
        Browser living = cluster.newBrowser();
        String shared = living.says(on(0, "ee10"), "open shared");
        living.says(on(1, "ee10"), "get who");

        cluster.kill(0);

        for (String environment : LiveWar.ENVIRONMENTS) {
            await().atMost(LEFT_OVER_LIMIT).until(() -> destroyedOnTheSecondNode(environment) > 0);
            assertThat(browsers.get(environment).says(on(1, environment), "get who"))
                    .isEqualTo("none");
            assertThat(destroyedOnTheSecondNode(environment)).isOne();
        }
        try (Bystander bystander = Bystander.of(cluster)) {
            // The dead node has been taken off the holders of what goes on.
            await().atMost(LIMIT).untilAsserted(() -> {
                assertThat(living.says(on(1, "ee10"), "get who")).isEqualTo("shared");
                assertThat(bystander.record(shared).orElseThrow().holders()).hasSize(1);
            });
        }
    }

    /**
     * How often the second node's {@code sessionDestroyed} ran for the left-over session, with its attributes readable.
     */
    private static long destroyedOnTheSecondNode(String environment) {
        return cluster.newBrowser()
                .says(on(1, environment), "journal destroyed ")
                .lines()
                .filter(line -> line.endsWith(" left-over"))
                .count();
    }

    private static Map<String, Browser> openedOnTheFirstNode() {
        var browsers = new HashMap<String, Browser>();
        for (String environment : LiveWar.ENVIRONMENTS) {
            Browser browser = cluster.newBrowser();
            browser.says(on(0, environment), "open ada");
            browsers.put(environment, browser);
        }
        return browsers;
    }

    private static LiveWar on(int node, String environment) {
        return new LiveWar(cluster.node(node), environment);
    }
}
