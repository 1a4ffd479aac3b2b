package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.model.Holder;
import dev.mooring.nodes.HazelcastServer;
import dev.mooring.testing.Timing;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two nodes that are clients of two plain Hazelcast servers: what becomes of them when one of the four goes, or both
 * servers.
 */
@ParameterizedClass
@EnumSource(names = "CLIENTS_OF_OLD_SERVERS")
class ClientIT {
    private static final String ENVIRONMENT = "ee10";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** What {@code sessions} keeps a record longer than its session: the default grace period. */
    private static final Duration SLACK = Duration.ofHours(1);

    /** Whoever waits for a silent node waits longer. */
    private static final Duration WITHOUT_A_WAIT = Duration.ofMillis(1_900);

    private static NodeCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = LiveWar.onNodes("client", 2, mode);
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting(":dmg?s?\\.", "the store was out of reach, and who needed it said so")
                .passes(List.of(on(0).path()));
    }

    @BeforeEach
    void bothNodesAndServersRun() {
        if (!cluster.servers().stream().allMatch(HazelcastServer::isAlive)) {
            cluster.servers().forEach(HazelcastServer::kill);
            cluster.startServers();
        }
        for (int number = 0; number < 2; number++) {
            if (!cluster.node(number).isAlive()) {
                cluster.restart(number);
            }
        }
        awaitService();
    }

    @Test
    void readsAreNeverStaleAndNoCountIsLost() {
        Browser ada = cluster.newBrowser();
        ada.says(on(0), "open ada");
        var stale = new ArrayList<String>();
        try (Socket first = ada.opens(on(0), Way.CONFIGURED);
                Socket second = ada.opens(on(1), Way.PLAIN)) {
            for (int round = 0; round < 200; round++) {
                (round % 2 == 0 ? first : second).asks("set round " + round);
                List<String> reads = List.of(
                        first.asks("get round"), second.asks("get round"), ada.says(on(round % 2), "get round"));
                if (!reads.equals(List.of("" + round, "" + round, "" + round))) {
                    stale.add(reads + " instead of " + round);
                }
                assertThat(ada.says(on(round % 2), "add count")).isEqualTo("" + (round + 1));
            }
        }

        assertThat(stale).isEmpty();
    }

    @Test
    void everyWriteIsFollowedByItsTimeToLive() {
        Browser ada = cluster.newBrowser();
        String id = ada.says(on(0), "open ada");
        try (Bystander bystander = Bystander.of(cluster);
                Socket socket = ada.opens(on(1), Way.CONFIGURED)) {
            Duration byDefault = Duration.ofSeconds(Long.parseLong(ada.says(on(1), "maxInactive")));
            awaitTimeToLive(bystander, id, byDefault.plus(SLACK));
            socket.asks("set by websocket");
            awaitTimeToLive(bystander, id, byDefault.plus(SLACK));
            ada.says(on(0), "setMaxInactive 600");
            awaitTimeToLive(bystander, id, Duration.ofSeconds(600).plus(SLACK));
            ada.says(on(1), "set by http");
            awaitTimeToLive(bystander, id, Duration.ofSeconds(600).plus(SLACK));
            ada.says(on(0), "invalidate");
            awaitTimeToLive(bystander, id, Duration.ofMinutes(10));
        }
    }

    @Test
    void aNodeThatStopsLeavesNoRowAndNoTopic() {
        Browser ada = cluster.newBrowser();
        ada.says(on(0), "open ada");
        ada.says(on(1), "set from 1");
        try (Bystander bystander = Bystander.of(cluster)) {
            await().atMost(LIMIT).until(() -> bystander.rows() == 2);

            cluster.stop(0);

            assertThat(bystander.rows()).isEqualTo(1);
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.topics()).hasSize(1));
            assertThat(ada.says(on(1), "get from")).isEqualTo("1");

            cluster.stop(1);

            assertThat(bystander.rows()).isZero();
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.topics()).isEmpty());
        }
    }

    @Test
    void aKilledNodeIsWaitedForOnceAndForgotten() {
        Browser ada = cluster.newBrowser();
        String id = ada.says(on(0), "open ada");
        ada.says(on(1), "get who");
        ada.says(on(0), "set last word");

        cluster.kill(0);

        Duration first = Timing.of(() -> ada.says(on(1), "set after 1"));
        Duration later = Timing.ofTheShortest(() -> ada.says(on(1), "set after 2"));
        assertThat(first).isLessThan(Duration.ofSeconds(6));
        assertThat(later).isLessThan(WITHOUT_A_WAIT);
        assertThat(ada.says(on(1), "get last")).isEqualTo("word");
        try (Bystander bystander = Bystander.of(cluster)) {
            await().atMost(LIMIT).until(() -> bystander.rows() == 1);
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.topics()).hasSize(1));
            await().atMost(LIMIT).untilAsserted(() -> {
                assertThat(ada.says(on(1), "get who")).isEqualTo("ada");
                assertThat(holders(bystander, id)).hasSize(1);
            });
        }
    }

    /** It has been taken for dead meanwhile: its row is gone, and so is the topic that it listened to. */
    @Test
    void aNodeThatWasTakenForDeadHearsNoticesAgain() {
        Browser ada = cluster.newBrowser();
        String id = ada.says(on(0), "open ada");
        try (Bystander bystander = Bystander.of(cluster);
                Socket paused = ada.opens(on(0), Way.CONFIGURED);
                Socket going = ada.opens(on(1), Way.CONFIGURED)) {
            Map<String, Holder> before = holders(bystander, id);
            assertThat(before).hasSize(2);
            cluster.suspend(0);
            assertThat(going.asks("set word new")).isEqualTo("ok");
            await().atMost(LIMIT).until(() -> bystander.rows() == 1);
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.topics()).hasSize(1));
            await().atMost(LIMIT).untilAsserted(() -> {
                assertThat(going.asks("get word")).isEqualTo("new");
                assertThat(holders(bystander, id)).hasSize(1);
            });
            paused.sends("get word");

            cluster.resume(0);

            assertThat(paused.hears()).isEqualTo("new");
            await().atMost(LIMIT).until(() -> bystander.rows() == 2);
            int waits = 0;
            for (int round = 0; round < 20; round++) {
                String word = "set word " + round;
                waits += Timing.of(() -> going.asks(word)).compareTo(WITHOUT_A_WAIT) < 0 ? 0 : 1;
                assertThat(paused.asks("get word")).isEqualTo("" + round);
            }
            // By later loads, so that nobody who took it for dead can take it off late.
            Map<String, Holder> after = holders(bystander, id);
            assertThat(after.keySet()).isEqualTo(before.keySet());
            before.forEach((node, holder) ->
                    assertThat(after.get(node).load()).as(node).isGreaterThan(holder.load()));
            // Its connections may break once more when it wakes up, since it has heard nothing for so long.
            assertThat(waits).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aServerThatIsKilledTakesNothingWithIt() {
        Browser ada = cluster.newBrowser();
        ada.says(on(0), "open ada");
        try (Socket socket = ada.opens(on(1), Way.CONFIGURED)) {
            for (int round = 0; round < 20; round++) {
                ada.says(on(round % 2), "set round" + round + " " + round);
            }

            cluster.killServer(0);

            for (int number = 0; number < 2; number++) {
                URI after = on(number).say("set after http");
                await().atMost(LIMIT).until(() -> ada.gets(after).statusCode() == 200);
            }
            for (int round = 0; round < 20; round++) {
                assertThat(ada.says(on(round % 2), "get round" + round)).isEqualTo("" + round);
            }
            assertThat(socket.asks("get after")).isEqualTo("http");
            assertThat(socket.asks("set after websocket")).isEqualTo("ok");
            assertThat(ada.says(on(0), "get after")).isEqualTo("websocket");
        }
    }

    @Test
    void withoutServersRequestsAreAnsweredWith503UntilTheyAreBack() {
        Browser ada = cluster.newBrowser();
        ada.says(on(0), "open ada");
        ada.says(on(1), "get who");

        cluster.killServers();

        for (int number = 0; number < 2; number++) {
            int node = number;
            await().atMost(LIMIT)
                    .untilAsserted(
                            () -> assertThat(ada.gets(on(node).say("get who")).statusCode())
                                    .isEqualTo(503));
            assertThat(Timing.of(() -> ada.gets(on(node).say("set x 1")))).isLessThan(Duration.ofSeconds(6));
            assertThat(ada.gets(on(node).say("set x 1")).statusCode()).isEqualTo(503);
            assertThat(ada.gets(on(node).say("set x 1")).headers().firstValue("Retry-After"))
                    .isPresent();
        }

        cluster.startServers();

        awaitService();
        Browser bob = cluster.newBrowser();
        bob.says(on(0), "open bob");
        try (Socket first = bob.opens(on(0), Way.CONFIGURED);
                Socket second = bob.opens(on(1), Way.PLAIN)) {
            for (int round = 0; round < 20; round++) {
                first.asks("set ping " + round);
                assertThat(second.asks("get ping")).isEqualTo("" + round);
                second.asks("set pong " + round);
                assertThat(first.asks("get pong")).isEqualTo("" + round);
            }
            // Each node hears the other: nobody has been given up.
            assertThat(Timing.ofTheShortest(() -> first.asks("set quick 1"))).isLessThan(WITHOUT_A_WAIT);
            assertThat(Timing.ofTheShortest(() -> second.asks("set quick 2"))).isLessThan(WITHOUT_A_WAIT);
        }
    }

    private static Map<String, Holder> holders(Bystander bystander, String id) {
        return bystander.record(id).orElseThrow().holders();
    }

    /** Waits until a new person's session is served by both nodes. */
    private static void awaitService() {
        await().atMost(LIMIT).untilAsserted(() -> {
            Browser someone = cluster.newBrowser();
            assertThat(someone.gets(on(0).say("open someone")).statusCode()).isEqualTo(200);
            assertThat(someone.gets(on(1).say("get who")).body()).isEqualTo("someone");
        });
    }

    private static void awaitTimeToLive(Bystander bystander, String id, Duration expected) {
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(bystander.timeToLive(id)).isEqualTo(Optional.of(expected)));
    }

    private static LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
