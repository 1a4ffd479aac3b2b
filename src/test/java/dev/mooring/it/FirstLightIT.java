package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Two nodes, an unchanged WAR, one live session: what a client sees of it by HTTP and by WebSocket. */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "MIXED"})
class FirstLightIT {
    /** How long to wait for what comes soon. */
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Parameter
    Mode mode;

    private static NodeCluster cluster;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = LiveWar.onNodes("first-light", 2, mode);
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs().passes(environments().map(FirstLightIT::pathIn).toList());
    }

    @Nested
    class AWriteByHttp {
        /** With two nodes, two environments and three ways: 2,004 reads. */
        private static final int ROUNDS = 167;

        private static final int ROUNDS_OF_CLIENTS = 50;

        @ParameterizedTest(name = "{0} on node {1}, {2}")
        @MethodSource("dev.mooring.it.FirstLightIT#everyWayOnEveryNode")
        void isReadByTheSocketRightAfterTheAnswer(Way way, int node, String environment) {
            Browser ada = cluster.newBrowser();
            LiveWar here = on(node, environment);
            ada.says(here, "open ada");
            var stale = new ArrayList<String>();
            int rounds = mode == Mode.MEMBERS ? ROUNDS : ROUNDS_OF_CLIENTS;

            try (Socket socket = ada.opens(here, way)) {
                for (int round = 0; round < rounds; round++) {
                    LiveWar writer = on(round % 2, environment);
                    ada.says(writer, "set round " + round);
                    String read = socket.asks("get round");
                    if (!read.equals(String.valueOf(round))) {
                        stale.add(read + " instead of " + round + " written on node " + round % 2);
                    }
                }
            }

            assertThat(stale).isEmpty();
        }
    }

    @Nested
    class AWriteByWebSocket {
        private static final int ROUNDS = 50;

        @ParameterizedTest(name = "{0} on node {1}, {2}")
        @MethodSource("dev.mooring.it.FirstLightIT#everyWayOnEveryNode")
        void isReadByTheNextRequestOnTheOtherNode(Way way, int node, String environment) {
            Browser ada = cluster.newBrowser();
            LiveWar here = on(node, environment);
            LiveWar there = on(1 - node, environment);
            ada.says(there, "open ada");
            var stale = new ArrayList<String>();

            try (Socket socket = ada.opens(here, way)) {
                for (int round = 0; round < ROUNDS; round++) {
                    socket.asks("set round " + round);
                    String read = ada.says(there, "get round");
                    if (!read.equals(String.valueOf(round))) {
                        stale.add(read + " instead of " + round);
                    }
                }
                assertThat(socket.asks("remove round")).isEqualTo("ok");
            }

            assertThat(stale).isEmpty();
            assertThat(ada.says(there, "names")).isEqualTo("who");
        }

        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void isReadByTheSocketOnTheOtherNode(String environment) {
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open ada");

            try (Socket first = ada.opens(on(0, environment), Way.CONFIGURED);
                    Socket second = ada.opens(on(1, environment), Way.PLAIN)) {
                for (int round = 0; round < ROUNDS; round++) {
                    first.asks("set ping " + round);
                    assertThat(second.asks("get ping")).isEqualTo(String.valueOf(round));
                    second.asks("set pong " + round);
                    assertThat(first.asks("get pong")).isEqualTo(String.valueOf(round));
                }
            }
        }
    }

    @Nested
    class ReadsOfAnUnchangedSession {
        private static final int READS = 10_000;

        private static final int TRIES = 5;

        /**
         * Less than a byte for each read. What the nodes tell each other anyway comes on top; where much of that comes
         * in between, the reads are counted again.
         */
        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void giveTheSameInstanceAndSendNothing(String environment) {
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open ada");
            try (Socket socket = ada.opens(on(1, environment), Way.PLAIN)) {
                socket.asks("get who");

                long least = Long.MAX_VALUE;
                for (int tried = 0; tried < TRIES && least >= READS; tried++) {
                    long before = bytesWritten();
                    assertThat(socket.asks("read " + READS + " who")).isEqualTo("ada");
                    assertThat(ada.says(on(1, environment), "read " + READS + " who"))
                            .isEqualTo("ada");
                    least = Math.min(least, bytesWritten() - before);
                }

                assertThat(least).isLessThan(READS);
            }
        }

        /** What both processes have written so far, to files and to sockets, as Linux counts it. */
        private static long bytesWritten() {
            return cluster.nodes().stream()
                    .mapToLong(FirstLightIT::bytesWrittenBy)
                    .sum();
        }
    }

    @Nested
    class Counters {
        private static final long SEED = 20_240_229;
        private static final int SESSIONS = 2;
        private static final int COUNTS = 150;

        /** Four drivers at once, each with an attribute of its own, each on whichever node its dice say. */
        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void loseNoCountWhenHttpAndWebSocketDriveThemOnBothNodes(String environment) throws Exception {
            ExecutorService drivers = Executors.newCachedThreadPool();
            var done = new ArrayList<CompletableFuture<?>>();
            var browsers = new ArrayList<Browser>();
            var dice = new Random(SEED);
            for (int session = 0; session < SESSIONS; session++) {
                Browser browser = cluster.newBrowser();
                browser.says(on(0, environment), "open counter");
                browsers.add(browser);
                for (String counter : List.of("http1", "http2")) {
                    long seed = dice.nextLong();
                    done.add(CompletableFuture.runAsync(
                            () -> countByHttp(browser, environment, counter, new Random(seed)), drivers));
                }
                for (String counter : List.of("ws1", "ws2")) {
                    long seed = dice.nextLong();
                    done.add(CompletableFuture.runAsync(
                            () -> countByWebSocket(browser, environment, counter, new Random(seed)), drivers));
                }
            }
            CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(2, TimeUnit.MINUTES);
            drivers.shutdown();

            for (Browser browser : browsers) {
                for (int node = 0; node < 2; node++) {
                    for (String counter : List.of("http1", "http2", "ws1", "ws2")) {
                        assertThat(browser.says(on(node, environment), "get " + counter))
                                .as("%s on node %s, seed %s", counter, node, SEED)
                                .isEqualTo(String.valueOf(COUNTS));
                    }
                }
            }
        }

        private void countByHttp(Browser browser, String environment, String counter, Random dice) {
            for (int count = 1; count <= COUNTS; count++) {
                assertThat(browser.says(on(dice.nextInt(2), environment), "add " + counter))
                        .as("%s, seed %s", counter, SEED)
                        .isEqualTo(String.valueOf(count));
            }
        }

        private void countByWebSocket(Browser browser, String environment, String counter, Random dice) {
            try (Socket first = browser.opens(on(0, environment), Way.CONFIGURED);
                    Socket second = browser.opens(on(1, environment), Way.PROGRAMMATIC)) {
                for (int count = 1; count <= COUNTS; count++) {
                    Socket socket = dice.nextBoolean() ? first : second;
                    assertThat(socket.asks("add " + counter))
                            .as("%s, seed %s", counter, SEED)
                            .isEqualTo(String.valueOf(count));
                }
            }
        }
    }

    @Nested
    class AfterInvalidation {
        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void onOneNodeEverySocketOnBothNodesIsClosedWith1008(String environment) {
            String who = someone();
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open " + who);
            List<Socket> sockets = opensEverySocket(ada, environment);

            assertThat(ada.says(on(0, environment), "invalidate")).isEqualTo("ok");

            assertThat(sockets).allSatisfy(Ends::invalidated);
            assertEndedOnce(who, environment);
            assertEveryEndpointSaw(who, "session invalidated", environment);
            for (int node = 0; node < 2; node++) {
                assertThat(ada.says(on(node, environment), "get who")).isEqualTo("none");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void inAMessageEverySocketOnBothNodesIsClosedWith1008(String environment) {
            String who = someone();
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open " + who);
            List<Socket> sockets = opensEverySocket(ada, environment);

            sockets.get(sockets.size() - 1).sends("invalidate");

            assertThat(sockets).allSatisfy(Ends::invalidated);
            assertEndedOnce(who, environment);
        }

        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void aSlowRequestOnTheOtherNodeCannotBringTheSessionBack(String environment) throws Exception {
            String gate = someone();
            Browser ada = cluster.newBrowser();
            Browser warden = cluster.newBrowser();
            ada.says(on(0, environment), "open ada");
            var slow = ada.saysLater(on(1, environment), "hold " + gate + " set late 1");
            warden.says(on(1, environment), "await " + gate);

            ada.says(on(0, environment), "invalidate");
            warden.says(on(1, environment), "release " + gate);

            assertThat(slow.get(20, TimeUnit.SECONDS)).isEqualTo("!IllegalStateException");
            for (int node = 0; node < 2; node++) {
                assertThat(ada.says(on(node, environment), "get late")).isEqualTo("none");
            }
        }
    }

    @Nested
    class AfterAChangeOfTheId {
        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void theSocketsOfBothNodesStayOpenAndHaveTheNewId(String environment) {
            Browser ada = cluster.newBrowser();
            String oldId = ada.says(on(0, environment), "open ada");
            List<Socket> sockets = opensEverySocket(ada, environment);

            String newId = ada.says(on(0, environment), "changeId");

            assertThat(newId).isNotEqualTo(oldId);
            assertThat(sockets)
                    .allSatisfy(socket -> assertThat(socket.asks("id")).isEqualTo(newId));
            assertThat(sockets)
                    .allSatisfy(socket -> assertThat(socket.asks("get who")).isEqualTo("ada"));
            for (int node = 0; node < 2; node++) {
                assertThat(ada.says(on(node, environment), "id")).isEqualTo(newId);
            }
            assertThat(journals("idChanged " + oldId, environment)).containsExactly("idChanged " + oldId + " " + newId);
            sockets.forEach(Socket::close);
        }

        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void theOldIdOpensNothingOnEitherNode(String environment) {
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open ada");
            ada.says(on(1, environment), "get who");
            String oldCookie = ada.sessionCookie(on(0, environment).say(""));
            ada.says(on(0, environment), "changeId");

            for (int node = 0; node < 2; node++) {
                LiveWar war = on(node, environment);
                Browser thief = cluster.newBrowser();
                thief.takesSessionCookie(war.say(""), war.path(), oldCookie);
                assertThat(thief.says(war, "get who")).isEqualTo("none");
                thief.takesSessionCookie(war.say(""), war.path(), oldCookie);
                try (Socket socket = thief.opens(war, Way.PLAIN)) {
                    assertThat(socket.asks("get who")).isEqualTo("none");
                }
            }
        }
    }

    @Nested
    class AfterTheSessionsTime {
        private static final Duration MAX_INACTIVE = Duration.ofSeconds(3);

        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void everySilentSocketOnBothNodesIsClosed(String environment) {
            String who = someone();
            Browser ada = cluster.newBrowser();
            ada.says(on(0, environment), "open " + who);
            List<Socket> sockets = opensEverySocket(ada, environment);

            Ends.Use last =
                    Ends.Use.of(() -> ada.says(on(1, environment), "setMaxInactive " + MAX_INACTIVE.toSeconds()));

            sockets.forEach(socket -> Ends.expires(socket, last, MAX_INACTIVE));
            assertEndedOnce(who, environment);
            assertEveryEndpointSaw(who, "session expired", environment);
            assertThat(ada.says(on(0, environment), "get who")).isEqualTo("none");
        }

        @Test
        void aSocketThatSendsEverySecondKeepsItsSessionAliveAndASilentOneDoesNot() {
            var talking = new ArrayList<Socket>();
            var silent = new ArrayList<Socket>();
            var browsers = new ArrayList<Browser>();
            for (String environment : LiveWar.ENVIRONMENTS) {
                for (List<Socket> sockets : List.of(talking, silent)) {
                    Browser browser = cluster.newBrowser();
                    browser.says(on(0, environment), "open ada");
                    browser.says(on(0, environment), "setMaxInactive " + MAX_INACTIVE.toSeconds());
                    sockets.add(browser.opens(on(1, environment), Way.CONFIGURED));
                    browsers.add(browser);
                }
            }
            var clock = Executors.newSingleThreadScheduledExecutor();
            var messages = clock.scheduleAtFixedRate(
                    () -> talking.forEach(socket -> socket.sends("ping")), 0, 1, TimeUnit.SECONDS);

            await().during(Duration.ofSeconds(8))
                    .atMost(LIMIT)
                    .until(() -> talking.stream().allMatch(Socket::isOpen));

            assertThat(silent).allSatisfy(socket -> Ends.closed(socket, "session expired"));
            assertThat(browsers.get(0).says(on(0, LiveWar.ENVIRONMENTS.get(0)), "get who"))
                    .isEqualTo("ada");
            messages.cancel(false);
            clock.shutdown();
            assertThat(talking).allSatisfy(socket -> Ends.closed(socket, "session expired"));
        }
    }

    @Nested
    class TheSessionCookie {
        @ParameterizedTest
        @MethodSource("dev.mooring.it.FirstLightIT#environments")
        void namesNoNodeAndStaysTheSameOnAlternatingNodes(String environment) {
            Browser ada = cluster.newBrowser();
            String id = ada.says(on(0, environment), "open ada");
            assertThat(ada.sessionCookie(on(0, environment).say(""))).isEqualTo(id);

            for (int round = 0; round < 10; round++) {
                var answer = ada.gets(on(round % 2, environment).say("id"));
                assertThat(answer.body()).isEqualTo(id);
                assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
            }
        }
    }

    static Stream<String> environments() {
        return LiveWar.ENVIRONMENTS.stream();
    }

    static Stream<Arguments> everyWayOnEveryNode() {
        return environments()
                .flatMap(environment -> Stream.of(Way.values())
                        .flatMap(way -> Stream.of(0, 1).map(node -> Arguments.of(way, node, environment))));
    }

    private static LiveWar on(int node, String environment) {
        return new LiveWar(cluster.node(node), environment);
    }

    private static String pathIn(String environment) {
        return on(0, environment).path();
    }

    /** A name that no other test has: the journals are those of the whole class. */
    private static String someone() {
        return "someone-" + UUID.randomUUID();
    }

    private static long bytesWrittenBy(JettyNode node) {
        Path counts = Path.of("/proc", String.valueOf(node.pid()), "io");
        assumeThat(counts).exists();
        try {
            return Files.readAllLines(counts).stream()
                    .filter(line -> line.startsWith("wchar:"))
                    .mapToLong(line ->
                            Long.parseLong(line.substring("wchar:".length()).strip()))
                    .findAny()
                    .orElseThrow();
        } catch (IOException failure) {
            throw new UncheckedIOException("no count of bytes for " + node, failure);
        }
    }

    private static List<Socket> opensEverySocket(Browser browser, String environment) {
        var sockets = new ArrayList<Socket>();
        for (int node = 0; node < 2; node++) {
            for (Way way : Way.values()) {
                sockets.add(browser.opens(on(node, environment), way));
            }
        }
        // An answer of each: all have been through @OnOpen.
        assertThat(sockets).allSatisfy(socket -> assertThat(socket.asks("ping")).isEqualTo("pong"));
        return sockets;
    }

    /** {@code sessionDestroyed} ran on exactly one node, once, and could still read the attribute {@code who}. */
    private static void assertEndedOnce(String who, String environment) {
        await().atMost(LIMIT).until(() -> destroyed(who, environment).size() > 0);
        await().during(Duration.ofSeconds(1))
                .atMost(LIMIT)
                .until(() -> destroyed(who, environment).size() == 1);
    }

    private static List<String> destroyed(String who, String environment) {
        return journals("destroyed ", environment).stream()
                .filter(line -> line.endsWith(" " + who))
                .toList();
    }

    /**
     * On both nodes {@code @OnClose} of every kind of endpoint ran once, with the reason and a handle that throws, and
     * no error.
     */
    private static void assertEveryEndpointSaw(String who, String reason, String environment) {
        List<String> expected = Stream.of(Way.values())
                .map(way -> "closed " + way.name().toLowerCase(Locale.ROOT) + " " + who + " 1008 " + reason
                        + " | !IllegalStateException")
                .flatMap(line -> Stream.of(line, line))
                .toList();
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(journals("closed ", environment))
                        .filteredOn(line -> line.contains(who))
                        .containsExactlyInAnyOrderElementsOf(expected));
        assertThat(journals("error ", environment)).noneMatch(line -> line.contains(who));
    }

    /** The lines of both nodes' journals. */
    private static List<String> journals(String beginning, String environment) {
        Browser reader = cluster.newBrowser();
        return cluster.nodes().stream()
                .flatMap(node -> reader.says(new LiveWar(node, environment), "journal " + beginning)
                        .lines())
                .toList();
    }
}
