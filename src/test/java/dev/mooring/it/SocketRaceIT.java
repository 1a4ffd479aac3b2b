package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.eclipse.jetty.io.EofException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sockets that open, speak or close just while their session or their node ends. Whoever wins, no socket is left with a
 * dead session.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SocketRaceIT {
    private static final Duration PROMPT = Duration.ofSeconds(10);
    private static final long SEED = Long.getLong("mooring.seed", System.nanoTime());
    private static final int MANY = 2_000;

    /** Who race at the same time, each for sessions of their own. */
    private static final int PEOPLE = 8;

    private static NodeCluster cluster;
    private static ExecutorService drivers;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        Path war = Path.of(System.getProperty("mooring.wars"), "sockets.war");
        cluster = NodeCluster.start(
                "socket-race",
                2,
                mode,
                base -> base.modules("http", "ee10-deploy", "ee10-websocket-jakarta", "demo-realm", "jmx")
                        .war("sockets", war)
                        .war("again", war));
        drivers = Executors.newCachedThreadPool();
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        drivers.shutdownNow();
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .expecting(
                        ":oejut\\.SerializedInvoker:.* Serialized invocation error",
                        "Jetty 12.1.8 fails over itself where it stops and closes a connection whose error page it just sends")
                .passes(List.of("/sockets"));
        assertThat(cluster.processes())
                .allSatisfy(node -> assertThat(node.log())
                        .as("what %s logs is none of our failures", node)
                        .noneMatch(line -> line.startsWith("\tat dev.mooring.")));
    }

    @Test
    @Order(1)
    void upgradeAgainstInvalidation() {
        upgradesAgainstInvalidations(60);
    }

    @Test
    @Order(1)
    @Tag("stress")
    void upgradeAgainstInvalidationForLong() {
        upgradesAgainstInvalidations(MANY);
    }

    /**
     * The socket has no session, or its session's end closes it; it is never left open with a session that has ended.
     */
    private void upgradesAgainstInvalidations(int rounds) {
        var closed = new AtomicInteger();

        race(rounds, (ada, dice) -> {
            says(ada, 0, "open");
            long invalidateAfter = dice.nextInt(4_000_000);
            // The upgrade is the quicker of the two: either of them is to come first often enough.
            long upgradeAfter = dice.nextInt(8_000_000);
            int node = dice.nextInt(2);
            var invalidated = CompletableFuture.runAsync(
                    () -> {
                        LockSupport.parkNanos(invalidateAfter);
                        says(ada, 1 - node, "invalidate");
                    },
                    drivers);
            LockSupport.parkNanos(upgradeAfter);
            try (Socket socket = ada.opens(socket(node))) {
                invalidated.join();
                if (answer(socket).equals("none")) {
                    assertThat(socket.isOpen()).isTrue();
                } else {
                    assertClosed(socket, "session invalidated");
                    closed.incrementAndGet();
                }
            }
        });

        System.out.printf(
                Locale.ROOT,
                "%s: %d upgrades against invalidations, %d of them closed, seed %d%n",
                mode,
                rounds,
                closed.get(),
                SEED);
        assertThat(closed.get()).as("sockets that were closed, seed %s", SEED).isBetween(1, rounds - 1);
    }

    /** What the socket says its session is; nothing where it closes before it can. */
    private static String answer(Socket socket) {
        try {
            return socket.asks("id");
        } catch (AssertionError | IllegalStateException closing) {
            return "closing";
        }
    }

    @Test
    @Order(1)
    void closeAgainstMessages() {
        closesAgainstMessages(30);
    }

    @Test
    @Order(1)
    @Tag("stress")
    void closeAgainstMessagesForLong() {
        closesAgainstMessages(MANY);
    }

    /** A client that never stops talking reads why it is closed. */
    private void closesAgainstMessages(int rounds) {
        var said = new LongAdder();

        race(rounds, (ada, dice) -> {
            says(ada, 0, "open");
            Socket socket = ada.opens(socket(1));
            var talk = CompletableFuture.runAsync(
                    () -> {
                        while (socket.isOpen()) {
                            try {
                                socket.sends("get word");
                                said.increment();
                            } catch (IllegalStateException closing) {
                                return;
                            }
                        }
                    },
                    drivers);
            LockSupport.parkNanos(dice.nextInt(20_000_000));

            says(ada, 0, "invalidate");

            assertClosed(socket, "session invalidated");
            talk.join();
        });

        System.out.printf(Locale.ROOT, "%s: %d closes against %d messages, seed %d%n", mode, rounds, said.sum(), SEED);
    }

    /** One round of one person. */
    private interface Round {
        void run(Browser browser, Random dice);
    }

    /** Has all people run so many rounds between them; afterwards no socket is tied to a session any more. */
    private static void race(int rounds, Round round) {
        var left = new AtomicInteger(rounds);
        var people = new ArrayList<CompletableFuture<?>>();
        for (int person = 0; person < PEOPLE; person++) {
            Browser browser = cluster.newBrowser();
            var dice = new Random(SEED + person);
            people.add(CompletableFuture.runAsync(
                            () -> {
                                while (left.getAndDecrement() > 0) {
                                    round.run(browser, dice);
                                }
                            },
                            drivers)
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            left.set(0);
                        }
                    }));
        }
        CompletableFuture.allOf(people.toArray(CompletableFuture[]::new)).join();
        for (int node = 0; node < 2; node++) {
            int number = node;
            await().atMost(PROMPT)
                    .until(() -> says(cluster.newBrowser(), number, "mbean webSockets")
                            .equals("0"));
        }
    }

    private static void assertClosed(Socket socket, String reason) {
        assertThat(socket.close(PROMPT)).as("seed %s", SEED).hasValueSatisfying(close -> {
            assertThat(close.code()).as("%s, seed %s", close, SEED).isEqualTo(1008);
            assertThat(close.reason()).isEqualTo(reason);
        });
    }

    @Test
    @Order(1)
    void stopOfTheApplicationAgainstUpgrades() {
        stopsAgainstUpgrades(30);
    }

    @Test
    @Order(1)
    @Tag("stress")
    void stopOfTheApplicationAgainstUpgradesForLong() {
        stopsAgainstUpgrades(MANY);
    }

    /** What is answered instead of a 101. */
    private record Refusal(int status, String body) {
        /**
         * A server that stops closes its connections, and Jetty itself answers whose request has come, or has begun to,
         * and has not been handed to any handler yet.
         */
        boolean isOfAConnectionThatJettyCloses() {
            return status == 500 && body.contains(EofException.class.getName());
        }
    }

    /** From when to when somebody tried to open a socket. */
    private record Attempt(long from, long to) {
        boolean isUnderWay(long time) {
            return from < time && time < to;
        }
    }

    /**
     * All open sockets all the while, and the web application stops and starts again, until so many upgrades were under
     * way when a stop began: each that gets a 101 gets 1001, and none an error of the server's own.
     */
    private void stopsAgainstUpgrades(int races) {
        var sockets = new ConcurrentLinkedQueue<Socket>();
        var refusals = new ConcurrentLinkedQueue<Refusal>();
        var attempts = new ConcurrentLinkedQueue<Attempt>();
        var over = new AtomicBoolean();
        var clients = new ArrayList<CompletableFuture<?>>();
        for (int person = 0; person < PEOPLE; person++) {
            Browser browser = cluster.newBrowser();
            var dice = new Random(SEED + person);
            await().atMost(PROMPT).until(() -> browser.gets(again("open")).statusCode() == 200);
            clients.add(CompletableFuture.runAsync(
                    () -> {
                        while (!over.get()) {
                            long from = System.nanoTime();
                            attempt(browser, cluster.node(1).ws("/again/annotated"), sockets, refusals);
                            attempts.add(new Attempt(from, System.nanoTime()));
                            LockSupport.parkNanos(dice.nextInt(10_000_000));
                        }
                    },
                    drivers));
        }
        Browser warden = cluster.newBrowser();
        var dice = new Random(SEED);
        int stops = 0;
        int opened = 0;
        for (int met = 0; met < races; stops++) {
            LockSupport.parkNanos(dice.nextInt(30_000_000));
            long stop = System.nanoTime();
            assertThat(says(warden, 1, "stop /again")).isEqualTo("ok");
            opened += assertAllToldToComeBack(sockets);
            assertThat(says(warden, 1, "start /again")).isEqualTo("ok");
            for (Attempt attempt = attempts.poll(); attempt != null; attempt = attempts.poll()) {
                met += attempt.isUnderWay(stop) ? 1 : 0;
            }
        }
        over.set(true);
        CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).join();
        assertThat(says(warden, 1, "stop /again")).isEqualTo("ok");
        opened += assertAllToldToComeBack(sockets);
        assertThat(says(warden, 1, "start /again")).isEqualTo("ok");

        assertThat(refusals).allMatch(refusal -> refusal.status == 503 || refusal.status == 404);
        assertThat(opened).as("sockets that were opened, seed %s", SEED).isGreaterThan(stops);
        System.out.printf(
                Locale.ROOT,
                "%s: %d stops met %d upgrades; %d sockets, %d refusals, seed %d%n",
                mode,
                stops,
                races,
                opened,
                refusals.size(),
                SEED);
    }

    /** Takes all of them, each of which was opened before the stop that is over, or during it; returns how many. */
    private static int assertAllToldToComeBack(ConcurrentLinkedQueue<Socket> sockets) {
        int count = 0;
        for (Socket socket = sockets.poll(); socket != null; socket = sockets.poll()) {
            assertThat(socket.close(PROMPT))
                    .as("seed %s", SEED)
                    .hasValueSatisfying(close -> assertThat(close.code())
                            .as("%s, seed %s", close, SEED)
                            .isEqualTo(1001));
            count++;
        }
        return count;
    }

    private static URI again(String message) {
        return cluster.node(1).http("/again/say?m=" + message);
    }

    @Test
    @Order(2)
    void stopOfTheNodeAgainstUpgrades() throws Exception {
        stopOfTheNodeAgainstUpgradesOnce();
    }

    @Test
    @Order(2)
    @Tag("stress")
    void stopOfTheNodeAgainstUpgradesForLong() throws Exception {
        for (int round = 0; round < 10; round++) {
            stopOfTheNodeAgainstUpgradesOnce();
            cluster.restart(1);
        }
    }

    /**
     * Whoever gets a 101 from a node that stops gets 1001; the others are refused, and none who has got as far as an
     * application with an error of the server's own.
     */
    private static void stopOfTheNodeAgainstUpgradesOnce() throws Exception {
        var refusals = new ConcurrentLinkedQueue<Refusal>();
        var sockets = new ConcurrentLinkedQueue<Socket>();
        var clients = new ArrayList<CompletableFuture<?>>();
        for (int i = 0; i < 4; i++) {
            Browser browser = cluster.newBrowser();
            says(browser, 0, "open");
            clients.add(CompletableFuture.runAsync(() -> opensUntilGone(browser, sockets, refusals), drivers));
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> sockets.size() > clients.size());

        cluster.stop(1);

        CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        assertThat(refusals).allMatch(refusal -> refusal.status == 503 || refusal.isOfAConnectionThatJettyCloses());
        assertThat(sockets)
                .isNotEmpty()
                .allSatisfy(socket -> assertThat(socket.close(PROMPT))
                        .hasValueSatisfying(close -> assertThat(close.code())
                                .as("%s of %s sockets, %s refusals", close, sockets.size(), refusals.size())
                                .isEqualTo(1001)));
    }

    private static void opensUntilGone(
            Browser browser, ConcurrentLinkedQueue<Socket> sockets, ConcurrentLinkedQueue<Refusal> refusals) {
        while (!(attempt(browser, socket(1), sockets, refusals) instanceof ConnectException)) {
            Thread.onSpinWait();
        }
    }

    /** Opens a socket; returns why it could not, where nobody answered. */
    private static @Nullable Throwable attempt(
            Browser browser, URI uri, ConcurrentLinkedQueue<Socket> sockets, ConcurrentLinkedQueue<Refusal> refusals) {
        try {
            sockets.add(browser.opens(uri));
            return null;
        } catch (IllegalStateException failure) {
            Throwable cause =
                    failure.getCause() == null ? failure : failure.getCause().getCause();
            if (cause instanceof WebSocketHandshakeException refused) {
                refusals.add(new Refusal(
                        refused.getResponse().statusCode(),
                        String.valueOf(refused.getResponse().body())));
                return null;
            }
            return cause;
        }
    }

    private static URI socket(int node) {
        return cluster.node(node).ws("/sockets/annotated");
    }

    private static String says(Browser browser, int node, String message) {
        var response = browser.gets(
                cluster.node(node).http("/sockets/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8)));
        assertThat(response.statusCode()).as("%s on node %s", message, node).isEqualTo(200);
        return response.body();
    }
}
