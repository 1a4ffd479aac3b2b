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
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Sockets that open, speak or close just while their session or their node ends. Whoever wins, no socket is left with a dead session. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SocketRaceIT {
    private static final Duration PROMPT = Duration.ofSeconds(5);
    private static final long SEED = Long.getLong("mooring.seed", System.nanoTime());

    private static NodeCluster cluster;
    private static ExecutorService drivers;

    @BeforeAll
    static void startNodes() {
        Path war = Path.of(System.getProperty("mooring.wars"), "sockets.war");
        cluster = NodeCluster.start(
                "socket-race",
                2,
                Mode.MEMBERS,
                base -> base.modules("http", "ee10-deploy", "ee10-websocket-jakarta", "demo-realm", "jmx")
                        .war("sockets", war)
                        .war("again", war));
        drivers = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        drivers.shutdownNow();
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .passes(List.of("/sockets"));
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
        upgradesAgainstInvalidations(2_000);
    }

    /** The socket has no session, or its session's end closes it; it is never left open with a session that has ended. */
    private static void upgradesAgainstInvalidations(int rounds) {
        var dice = new Random(SEED);
        int closed = 0;
        for (int round = 0; round < rounds; round++) {
            Browser ada = cluster.newBrowser();
            says(ada, 0, "open");
            long invalidateAfter = dice.nextInt(4_000_000);
            long upgradeAfter = dice.nextInt(4_000_000);
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
                    assertThat(socket.close(PROMPT))
                            .as("round %s, seed %s", round, SEED)
                            .hasValueSatisfying(
                                    close -> assertThat(close.code()).isEqualTo(1008));
                    closed++;
                }
            }
        }
        assertThat(closed).as("sockets that were closed, seed %s", SEED).isPositive();
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
        closesAgainstMessages(2_000);
    }

    /** A client that never stops talking reads why it is closed. */
    private static void closesAgainstMessages(int rounds) {
        var dice = new Random(SEED);
        for (int round = 0; round < rounds; round++) {
            Browser ada = cluster.newBrowser();
            says(ada, 0, "open");
            Socket socket = ada.opens(socket(1));
            var talk = CompletableFuture.runAsync(
                    () -> {
                        while (socket.isOpen()) {
                            try {
                                socket.sends("get word");
                            } catch (IllegalStateException closing) {
                                return;
                            }
                        }
                    },
                    drivers);
            LockSupport.parkNanos(dice.nextInt(20_000_000));

            says(ada, 0, "invalidate");

            assertThat(socket.close(PROMPT))
                    .as("round %s, seed %s", round, SEED)
                    .hasValueSatisfying(close -> {
                        assertThat(close.code()).as("%s", close).isEqualTo(1008);
                        assertThat(close.reason()).isEqualTo("session invalidated");
                    });
            talk.join();
        }
    }

    @Test
    @Order(1)
    void restartOfTheApplicationAgainstUpgrades() throws Exception {
        restartsAgainstUpgrades(10);
    }

    @Test
    @Order(1)
    @Tag("stress")
    void restartOfTheApplicationAgainstUpgradesForLong() throws Exception {
        restartsAgainstUpgrades(500);
    }

    /** Four clients open sockets all the while: each that gets a 101 gets 1001 by one of the stops, and none an error of the server's own. */
    private static void restartsAgainstUpgrades(int restarts) throws Exception {
        var sockets = new ConcurrentLinkedQueue<Socket>();
        var refusals = new ConcurrentLinkedQueue<Integer>();
        var over = new AtomicBoolean();
        var races = new AtomicInteger();
        var round = new AtomicInteger();
        var clients = new ArrayList<CompletableFuture<?>>();
        for (int i = 0; i < 4; i++) {
            Browser browser = cluster.newBrowser();
            await().atMost(PROMPT).until(() -> browser.gets(again("open")).statusCode() == 200);
            clients.add(CompletableFuture.runAsync(
                    () -> {
                        for (int last = -1; !over.get(); ) {
                            attempt(browser, cluster.node(1).ws("/again/annotated"), sockets, refusals);
                            if (last != round.get()) {
                                last = round.get();
                                races.incrementAndGet();
                            }
                            LockSupport.parkNanos(5_000_000);
                        }
                    },
                    drivers));
        }
        var dice = new Random(SEED);
        for (int stop = 0; stop < restarts; stop++) {
            LockSupport.parkNanos(dice.nextInt(30_000_000));
            round.incrementAndGet();
            assertThat(says(cluster.newBrowser(), 1, "restart /again")).isEqualTo("ok");
        }
        over.set(true);
        CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        assertThat(says(cluster.newBrowser(), 1, "restart /again")).isEqualTo("ok");

        assertThat(refusals).allMatch(status -> status == 503 || status == 404);
        assertThat(sockets)
                .hasSizeGreaterThan(restarts)
                .allSatisfy(socket -> assertThat(socket.close(PROMPT))
                        .hasValueSatisfying(close -> assertThat(close.code())
                                .as("%s, seed %s", close, SEED)
                                .isEqualTo(1001)));
        System.out.printf(
                Locale.ROOT,
                "%d restarts, %d upgrades beside them: %d sockets, %d refusals%n",
                restarts,
                races.get(),
                sockets.size(),
                refusals.size());
    }

    private static URI again(String message) {
        return cluster.node(1).http("/again/say?m=" + message);
    }

    @Test
    @Order(2)
    void stopAgainstUpgrades() throws Exception {
        stopAgainstUpgradesOnce();
    }

    @Test
    @Order(2)
    @Tag("stress")
    void stopAgainstUpgradesForLong() throws Exception {
        for (int round = 0; round < 20; round++) {
            stopAgainstUpgradesOnce();
            cluster.restart(1);
        }
    }

    /** Whoever gets a 101 from a node that stops gets 1001; the others are refused, and none with an error of the server's own. */
    private static void stopAgainstUpgradesOnce() throws Exception {
        var refusals = new ConcurrentLinkedQueue<Integer>();
        var sockets = new ConcurrentLinkedQueue<Socket>();
        var clients = new ArrayList<CompletableFuture<?>>();
        for (int i = 0; i < 4; i++) {
            Browser browser = cluster.newBrowser();
            says(browser, 0, "open");
            clients.add(CompletableFuture.runAsync(() -> opensUntilGone(browser, sockets, refusals), drivers));
        }
        LockSupport.parkNanos(Duration.ofMillis(300).toNanos());

        cluster.stop(1);

        CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        assertThat(refusals).allMatch(status -> status == 503);
        assertThat(sockets)
                .isNotEmpty()
                .allSatisfy(socket -> assertThat(socket.close(PROMPT))
                        .hasValueSatisfying(close -> assertThat(close.code())
                                .as("%s of %s sockets, %s refusals", close, sockets.size(), refusals.size())
                                .isEqualTo(1001)));
    }

    private static void opensUntilGone(
            Browser browser, ConcurrentLinkedQueue<Socket> sockets, ConcurrentLinkedQueue<Integer> refusals) {
        while (!(attempt(browser, socket(1), sockets, refusals) instanceof ConnectException)) {
            Thread.onSpinWait();
        }
    }

    /** Opens a socket; returns why it could not, where nobody answered. */
    private static @Nullable Throwable attempt(
            Browser browser, URI uri, ConcurrentLinkedQueue<Socket> sockets, ConcurrentLinkedQueue<Integer> refusals) {
        try {
            sockets.add(browser.opens(uri));
            return null;
        } catch (IllegalStateException failure) {
            Throwable cause =
                    failure.getCause() == null ? failure : failure.getCause().getCause();
            if (cause instanceof WebSocketHandshakeException refused) {
                refusals.add(refused.getResponse().statusCode());
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
