package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.it.LineClient.Carrier;
import dev.mooring.it.LineClient.Line;
import dev.mooring.it.Socket.Close;
import dev.mooring.nodes.JettyNode;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every API by which a web application opens a WebSocket, in every environment, over every carrier: one life for socket
 * and session. The cells run side by side, since most of each is waiting; each is a test of its own that says how its
 * cell went.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SocketPathsIT {
    private static final int AT_ONCE = 16;
    private static final int CROWD = 32;
    private static final Duration MAX_INACTIVE = Duration.ofSeconds(3);
    private static final Duration PROMPT = Duration.ofSeconds(10);

    /** The ways into the web application {@code sockets}; the name is the path. */
    private static final List<String> PATHS =
            List.of("annotated", "programmatic", "config", "upgraded", "container", "jettyservlet");

    @Parameter
    Mode mode;

    private static NodeCluster cluster;
    private static LineClient client;
    private static ExecutorService drivers;
    private static final Map<Cell, CompletableFuture<Void>> RESULTS = new LinkedHashMap<>();

    /** One way of opening a WebSocket. */
    record Cell(String path, String environment, Carrier carrier) {
        String context() {
            return "/sockets-" + environment;
        }

        URI socket(JettyNode node) {
            return node.ws(context() + "/" + path);
        }

        URI say(JettyNode node, String message) {
            return node.http(context() + "/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8));
        }
    }

    static Stream<Cell> cells() {
        return PATHS.stream()
                .flatMap(path -> LiveWar.ENVIRONMENTS.stream()
                        .flatMap(environment ->
                                Stream.of(Carrier.values()).map(carrier -> new Cell(path, environment, carrier))));
    }

    @BeforeParameterizedClassInvocation
    static void startNodesAndAllCells(Mode mode) {
        Path war = Path.of(System.getProperty("mooring.wars"), "sockets.war");
        cluster = NodeCluster.start("socket-paths", 2, mode, base -> {
            base.modules("http", "http2c", "demo-realm", "jmx");
            for (String environment : LiveWar.ENVIRONMENTS) {
                base.modules(
                                environment + "-deploy",
                                environment + "-websocket-jakarta",
                                environment + "-websocket-jetty")
                        .war("sockets-" + environment, war)
                        .environment("sockets-" + environment, environment);
            }
        });
        client = new LineClient();
        drivers = Executors.newFixedThreadPool(AT_ONCE);
        RESULTS.clear();
        cells().forEach(cell -> RESULTS.put(cell, CompletableFuture.runAsync(() -> live(cell), drivers)));
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() throws Exception {
        drivers.shutdownNow();
        client.close();
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .expecting(
                        ":oejuts.AdaptiveExecutionStrategy:.*Task produce failed",
                        "Jetty may release a buffer of HTTP/2 twice where a client goes without a word")
                .passes(List.of("/sockets-ee10", "/sockets-ee11"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cells")
    void socketAndSessionShareOneLife(Cell cell) throws Throwable {
        try {
            RESULTS.get(cell).get(2, TimeUnit.MINUTES);
        } catch (ExecutionException failure) {
            throw failure.getCause();
        } catch (TimeoutException late) {
            throw new AssertionError(cell + ": not done", late);
        }
    }

    @ParameterizedTest
    @CsvSource({"wrapped, ee10", "wrapped, ee11", "jettywrapped, ee10", "jettywrapped, ee11"})
    void aSessionThatTheApplicationsFilterWrapsKeepsItsWrapper(String path, String environment) {
        var cell = new Cell(path, environment, Carrier.HTTP_1);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "open");

        Line line = opens(ada, cell, cluster.node(0));

        assertThat(line.asks("get wrapped")).isEqualTo("yes");
        says(ada, cell, cluster.node(1), "set word one");
        assertThat(line.asks("get word")).isEqualTo("one");
        assertThat(line.asks("set word two")).isEqualTo("ok");
        assertThat(says(ada, cell, cluster.node(1), "get word")).isEqualTo("two");
        says(ada, cell, cluster.node(1), "invalidate");
        Close close = line.closed(PROMPT).orElseThrow(() -> new AssertionError("not closed after invalidate()"));
        assertThat(close.code()).as("%s", close).isEqualTo(1008);
    }

    @ParameterizedTest
    @MethodSource("corners")
    void whatModifyHandshakeSetIsOnTheOtherNodeWhenTheClientHasItsAnswer(String environment, Carrier carrier) {
        var cell = new Cell("configured", environment, carrier);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "open");
        for (int round = 0; round < 10; round++) {
            JettyNode here = cluster.node(round % 2);
            URI uri = URI.create(cell.socket(here) + "?note=" + round);

            Line line = client.opens(uri, carrier, "JSESSIONID=" + ada.sessionCookie(uri));

            assertThat(says(ada, cell, cluster.node(1 - round % 2), "get handshake"))
                    .isEqualTo("" + round);
            assertThat(line.asks("/property")).isEqualTo("the application's own");
            line.close(1000);
        }
    }

    @ParameterizedTest
    @MethodSource("corners")
    void theHandleIsTheSameForAllOpenSessionsAndWorksInOnErrorAndOnClose(String environment, Carrier carrier) {
        var cell = new Cell("annotated", environment, carrier);
        JettyNode there = cluster.node(1);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "open");
        Line first = opens(ada, cell, there);
        Line second = opens(ada, cell, there);
        assertThat(first.asks("/same")).isEqualTo("true");
        assertThat(second.asks("/same")).isEqualTo("true");

        first.close(1000);
        await().atMost(PROMPT)
                .until(() -> says(ada, cell, cluster.node(0), "get close").equals("1000"));

        second.sends("throw");
        assertThat(second.closed(PROMPT)).isPresent();
        await().atMost(PROMPT)
                .until(() -> says(ada, cell, cluster.node(0), "get error").equals("asked for"));
    }

    @ParameterizedTest
    @MethodSource("corners")
    void aLogoutClosesTheUsersSocketsOnBothNodes(String environment, Carrier carrier) {
        var cell = new Cell("annotated", environment, carrier);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "login");
        Line here = opens(ada, cell, cluster.node(0));
        Line there = opens(ada, cell, cluster.node(1));
        assertThat(there.asks("/who")).isEqualTo("user");

        says(ada, cell, cluster.node(1), "logout");

        for (Line line : List.of(here, there)) {
            Close close = line.closed(PROMPT).orElseThrow(() -> new AssertionError("not closed after logout()"));
            assertThat(close.code()).as("%s", close).isEqualTo(1008);
            assertThat(close.reason()).isEqualTo("logged out");
        }
    }

    static Stream<Arguments> corners() {
        return LiveWar.ENVIRONMENTS.stream()
                .flatMap(environment ->
                        Stream.of(Carrier.HTTP_1, Carrier.HTTP_2).map(carrier -> Arguments.of(environment, carrier)));
    }

    /**
     * Jetty may call {@code onOpen} on the thread that writes for the whole HTTP/2 connection. This endpoint sends
     * there, and waits until it is sent.
     */
    @ParameterizedTest
    @MethodSource("corners")
    void manyThatOpenAtOnceMayAllSendInOnOpen(String environment, Carrier carrier) throws Exception {
        var cell = new Cell("slow", environment, carrier);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "open");
        ExecutorService people = Executors.newFixedThreadPool(CROWD);
        try (var crowded = new LineClient()) {
            URI uri = cell.socket(cluster.node(0));
            String cookie = "JSESSIONID=" + ada.sessionCookie(uri);
            crowded.opens(uri, carrier, cookie);
            for (int round = 0; round < 2; round++) {
                var lines = new ArrayList<CompletableFuture<Line>>();
                for (int person = 0; person < CROWD; person++) {
                    lines.add(CompletableFuture.supplyAsync(() -> crowded.opens(uri, carrier, cookie), people));
                }
                for (CompletableFuture<Line> line : lines) {
                    assertThat(line.join().hears()).isEqualTo("open");
                    assertThat(line.join().asks("get word")).isEqualTo("null");
                }
            }
        } finally {
            people.shutdownNow();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Order(Integer.MAX_VALUE - 1)
    void neitherAClosedSocketNorOneWhoseClientIsGoneStaysTiedToItsSession(Carrier carrier) throws Exception {
        var cell = new Cell("annotated", "ee10", carrier);
        Browser ada = cluster.newBrowser();
        says(ada, cell, cluster.node(0), "open");
        awaitNoWebSocket();
        try (var leaving = new LineClient()) {
            URI uri = cell.socket(cluster.node(0));
            String cookie = "JSESSIONID=" + ada.sessionCookie(uri);
            for (int number = 0; number < CROWD; number++) {
                Line line = leaving.opens(uri, carrier, cookie);
                switch (number % 3) {
                    case 0 -> line.close(1000);
                    case 1 -> line.disconnect();
                    default -> assertThat(line.asks("get word")).isEqualTo("null");
                }
            }
        }
        awaitNoWebSocket();
    }

    private static void awaitNoWebSocket() {
        for (JettyNode node : cluster.nodes()) {
            await().atMost(PROMPT)
                    .until(() -> says(
                                    cluster.newBrowser(),
                                    new Cell("", "ee10", Carrier.HTTP_1),
                                    node,
                                    "mbean webSockets")
                            .equals("0"));
        }
    }

    /** Also by those whose {@code onClose} tells all others on the same HTTP/2 connection, and waits. */
    @Test
    @Order(Integer.MAX_VALUE)
    void aNodeThatStopsSaysSoBySocketsOfEveryKind() {
        Map<Line, Cell> lines = new LinkedHashMap<>();
        for (String environment : LiveWar.ENVIRONMENTS) {
            Browser ada = cluster.newBrowser();
            says(ada, new Cell("", environment, Carrier.HTTP_1), cluster.node(0), "open");
            var chat = new Cell("chat", environment, Carrier.HTTP_2);
            Stream.concat(
                            cells().filter(cell -> cell.environment().equals(environment)),
                            Stream.generate(() -> chat).limit(3))
                    .forEach(cell -> lines.put(opens(ada, cell, cluster.node(1)), cell));
        }

        cluster.stop(1);

        lines.forEach((line, cell) -> assertThat(line.closed(PROMPT))
                .as("%s", cell)
                .hasValueSatisfying(close -> {
                    assertThat(close.code()).as("%s: %s", cell, close).isEqualTo(1001);
                    assertThat(close.reason()).isEqualTo("node stops");
                }));
    }

    /**
     * The whole life: read, write, both ways across nodes, a new id, messages that keep alive, expiry; and
     * invalidation.
     */
    private static void live(Cell cell) {
        JettyNode here = cluster.node(0);
        JettyNode there = cluster.node(1);
        Browser ada = cluster.newBrowser();
        says(ada, cell, here, "open");
        says(ada, cell, here, "set word one");
        Line first = opens(ada, cell, here);
        Line second = opens(ada, cell, there);
        if (cell.carrier() == Carrier.DEFLATE) {
            assertThat(first.extensions()).startsWith("permessage-deflate");
        }

        assertThat(first.asks("get word")).as("read here").isEqualTo("one");
        assertThat(second.asks("get word")).as("read there").isEqualTo("one");
        says(ada, cell, there, "set word two");
        assertThat(first.asks("get word")).as("written by HTTP there").isEqualTo("two");
        assertThat(first.asks("set word three")).isEqualTo("ok");
        assertThat(second.asks("get word")).as("written by the socket here").isEqualTo("three");
        assertThat(says(ada, cell, there, "get word")).isEqualTo("three");

        String id = says(ada, cell, there, "changeId");
        assertThat(first.asks("id")).as("the new id here").isEqualTo(id);
        assertThat(second.asks("id")).as("the new id there").isEqualTo(id);

        says(ada, cell, there, "maxInactive " + MAX_INACTIVE.toSeconds());
        long last = System.nanoTime();
        for (long end = last + MAX_INACTIVE.multipliedBy(2).toNanos(); System.nanoTime() < end; ) {
            last = System.nanoTime();
            assertThat(first.asks("get word")).as("kept alive by messages").isEqualTo("three");
            assertThat(second.closed(Duration.ofMillis(500))).isEmpty();
        }
        for (Line line : List.of(first, second)) {
            Close close =
                    line.closed(MAX_INACTIVE.plus(PROMPT)).orElseThrow(() -> new AssertionError("did not expire"));
            assertThat(close.code()).as("%s", close).isEqualTo(1008);
            assertThat(close.reason()).isEqualTo("session expired");
            assertThat(Duration.ofNanos(close.nanoTime() - last)).isGreaterThan(MAX_INACTIVE.minusSeconds(1));
        }

        says(ada, cell, there, "open");
        Line third = opens(ada, cell, here);
        assertThat(third.asks("set word four")).isEqualTo("ok");
        says(ada, cell, there, "invalidate");
        Close close = third.closed(PROMPT).orElseThrow(() -> new AssertionError("not closed after invalidate()"));
        assertThat(close.code()).as("%s", close).isEqualTo(1008);
        assertThat(close.reason()).isEqualTo("session invalidated");
    }

    private static Line opens(Browser browser, Cell cell, JettyNode node) {
        URI uri = cell.socket(node);
        return client.opens(uri, cell.carrier(), "JSESSIONID=" + browser.sessionCookie(uri));
    }

    private static String says(Browser browser, Cell cell, JettyNode node, String message) {
        var response = browser.gets(cell.say(node, message));
        assertThat(response.statusCode()).as("%s of %s", message, cell).isEqualTo(200);
        return response.body();
    }
}
