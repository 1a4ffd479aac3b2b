package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the {@code jetty.session.websocket.*} properties say, how sockets close, and what the node reports. One cluster,
 * four nodes; members here, clients in {@link ClientSocketRulesIT}.
 */
class SocketRulesIT {
    /** How long to wait for what is soon there: the machine may have other work. */
    private static final Duration PROMPT = Duration.ofSeconds(10);

    private static final Duration A_WHILE = Duration.ofMillis(700);

    /** As shipped. */
    private static final int PLAIN = 0;

    /** As shipped; with Jetty's JMX, and a dump at the end. */
    private static final int REPORTING = 1;

    /** keepAlive=open, closeOnSessionEnd=authenticated, createSession, sameOrigin. */
    private static final int STRICT = 2;

    /** keepAlive=none, closeOnSessionEnd=none; with a line for each upgrade. */
    private static final int LAX = 3;

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes(TestInfo test) {
        boolean ofClients = test.getTestClass().equals(Optional.of(ClientSocketRulesIT.class));
        var number = new AtomicInteger();
        cluster = NodeCluster.start(
                "socket-rules",
                4,
                ofClients ? Mode.CLIENTS : Mode.MEMBERS,
                base -> lay(base, number.getAndIncrement()),
                base -> logUpgrades(base));
    }

    private static void lay(JettyBase.Builder base, int number) {
        Path wars = Path.of(System.getProperty("mooring.wars"));
        base.modules("http", "demo-realm", "resources", "ee10-deploy", "ee10-websocket-jakarta")
                .war("sockets", wars.resolve("sockets.war"))
                .war("guarded", wars.resolve("guarded.war"));
        switch (number) {
            case REPORTING ->
                base.modules("jmx")
                        .property("jetty.server.dumpBeforeStop", "true")
                        .war("again", wars.resolve("sockets.war"));
            case STRICT ->
                base.property("jetty.session.websocket.keepAlive", "open")
                        .property("jetty.session.websocket.closeOnSessionEnd", "authenticated")
                        .property("jetty.session.websocket.createSession", "true")
                        .property("jetty.session.websocket.sameOrigin", "true");
            case LAX ->
                base.property("jetty.session.websocket.keepAlive", "none")
                        .property("jetty.session.websocket.closeOnSessionEnd", "none");
            default -> {
                assertThat(number).isEqualTo(PLAIN);
                base.property("jetty.deploy.scanInterval", "1").war("again", wars.resolve("sockets.war"));
            }
        }
    }

    private static void logUpgrades(JettyBase base) {
        try {
            Files.writeString(
                    base.directory().resolve("resources").resolve("jetty-logging.properties"),
                    "dev.mooring.websocket.LEVEL=DEBUG\n");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .passes(List.of("/sockets", "/guarded"));
        assertThat(cluster.node(REPORTING).log())
                .as("Server.dump()")
                .anyMatch(line -> line.contains("Mooring: cluster " + cluster.name() + ", node "))
                .anyMatch(line -> line.contains("sessions ") && line.contains(", handles "))
                .anyMatch(line -> line.contains("WebSockets size="))
                .anyMatch(line -> line.contains("loads ") && line.contains(" us, max "));
        assertThat(upgradeLines(STRICT)).anyMatch(line -> line.endsWith(" created"));
        assertThat(upgradeLines(STRICT)).anyMatch(line -> line.endsWith(": failed with 403"));
        assertThat(upgradeLines(PLAIN)).anyMatch(line -> line.endsWith(" found"));
        assertThat(upgradeLines(PLAIN)).anyMatch(line -> line.endsWith(": session none"));
    }

    private static List<String> upgradeLines(int number) {
        return cluster.node(number).log().stream()
                .filter(line -> line.contains(":DEBUG:") && line.contains("Upgrade of "))
                .toList();
    }

    @Nested
    class CreateSession {
        @Test
        void givesAnUpgradeWithoutOneASessionThatIsInTheClusterWithThe101() {
            Browser ada = cluster.newBrowser();

            try (Socket socket = ada.opens(socket(STRICT, "annotated"))) {
                assertThat(says(ada, PLAIN, "id")).isEqualTo(socket.asks("id"));
                socket.asks("set word one");
                assertThat(says(ada, PLAIN, "get word")).isEqualTo("one");
            }
        }

        @Test
        void isOffByDefault() {
            try (Socket socket = cluster.newBrowser().opens(socket(PLAIN, "annotated"))) {
                assertThat(socket.asks("id")).isEqualTo("none");
            }
        }
    }

    @Nested
    class SameOrigin {
        @ParameterizedTest(name = "{0} is answered with {1}")
        @CsvSource({
            "http://evil.example, 403",
            "http://evil.example:PORT, 403",
            "null, 403",
            "not an origin, 403",
            "http://HOST:PORT, 101",
            "https://HOST, 101",
            "http://HOST:1, 101",
        })
        void refusesAnUpgradeWithASessionCookieFromAnotherHost(String origin, int status) {
            URI uri = socket(STRICT, "annotated");
            String from = origin.replace("HOST", uri.getHost()).replace("PORT", "" + uri.getPort());

            assertThat(Handshake.ask(uri, "Origin: " + from, cookie(uri)).status())
                    .isEqualTo(status);
        }

        @Test
        void letsPassWhatHasNoOriginOrNoCookieAndEverythingWhereItIsOff() {
            URI strict = socket(STRICT, "annotated");
            URI plain = socket(PLAIN, "annotated");

            assertThat(Handshake.ask(strict, cookie(strict)).status()).isEqualTo(101);
            assertThat(Handshake.ask(strict, "Origin: http://evil.example").status())
                    .isEqualTo(101);
            assertThat(Handshake.ask(plain, "Origin: http://evil.example", cookie(plain))
                            .status())
                    .isEqualTo(101);
        }

        @Test
        void comesAfterAuthentication() {
            URI echo = cluster.node(STRICT).ws("/guarded/echo");
            URI forbidden = cluster.node(STRICT).ws("/guarded/forbidden");
            String evil = "Origin: http://evil.example";
            String cookie = "Cookie: JSESSIONID=whatever";

            Handshake stranger = Handshake.ask(echo, evil, cookie);
            assertThat(stranger.status()).isEqualTo(401);
            assertThat(stranger.headers()).noneMatch(header -> header.startsWith("Set-Cookie"));
            Handshake ours = Handshake.ask(echo, evil, cookie, user());
            assertThat(ours.status()).isEqualTo(403);
            assertThat(ours.body()).contains("another origin");
            Handshake jettys = Handshake.ask(forbidden, evil, cookie, user());
            assertThat(jettys.status()).isEqualTo(403);
            assertThat(jettys.body()).doesNotContain("another origin");
            assertThat(Handshake.ask(echo, user()).status()).isEqualTo(101);
        }
    }

    @Test
    void twoValidSessionCookiesAreABadRequest() {
        Browser ada = cluster.newBrowser();
        Browser eve = cluster.newBrowser();
        says(ada, PLAIN, "open");
        says(eve, PLAIN, "open");
        URI uri = socket(PLAIN, "annotated");

        Handshake answer = Handshake.ask(
                uri, "Cookie: JSESSIONID=" + ada.sessionCookie(uri) + "; JSESSIONID=" + eve.sessionCookie(uri));

        assertThat(answer.status()).isEqualTo(400);
    }

    @Nested
    class Logout {
        @Test
        void closesTheSocketsThatTheUserOpenedOnEveryNodeAndLeavesTheSession() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            Socket before = ada.opens(socket(PLAIN, "annotated"));
            says(ada, PLAIN, "login");
            var sockets = new ArrayList<Socket>();
            for (int node : List.of(PLAIN, REPORTING, STRICT)) {
                Socket socket = ada.opens(socket(node, "annotated"));
                assertThat(socket.asks("/who")).as("user on node %s", node).isEqualTo("user");
                sockets.add(socket);
            }
            Socket lax = ada.opens(socket(LAX, "annotated"));
            says(ada, REPORTING, "set word one");

            assertThat(says(ada, REPORTING, "logout")).isEqualTo("ok");

            assertThat(sockets).allSatisfy(socket -> assertClosed(socket, 1008, "logged out"));
            assertThat(before.asks("get word")).as("opened by nobody").isEqualTo("one");
            assertThat(lax.asks("get word")).as("where sockets are left open").isEqualTo("one");
            assertThat(says(ada, PLAIN, "get word")).isEqualTo("one");
            assertThat(says(ada, PLAIN, "who")).isEqualTo("null");
            before.close();
            lax.close();
        }

        @Test
        void doesNotTouchWhatTheNextUserOpens() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "login");
            Socket first = ada.opens(socket(REPORTING, "annotated"));
            says(ada, PLAIN, "logout");
            assertClosed(first, 1008, "logged out");

            says(ada, PLAIN, "login");
            try (Socket second = ada.opens(socket(REPORTING, "annotated"))) {
                assertThat(second.close(A_WHILE)).isEmpty();
                assertThat(second.asks("/who")).isEqualTo("user");
            }
        }
    }

    @Nested
    class CloseOnSessionEnd {
        @Test
        void authenticatedClosesOnlyWhatAUserHasOpenedAndNoneNothing() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            Socket nobodys = ada.opens(socket(STRICT, "annotated"));
            says(ada, PLAIN, "login");
            Socket users = ada.opens(socket(STRICT, "annotated"));
            Socket lax = ada.opens(socket(LAX, "annotated"));
            Socket plain = ada.opens(socket(PLAIN, "annotated"));

            says(ada, PLAIN, "invalidate");

            assertClosed(plain, 1008, "session invalidated");
            assertClosed(users, 1008, "session invalidated");
            assertThat(nobodys.asks("get word")).isEqualTo("!IllegalStateException");
            assertThat(lax.asks("get word")).isEqualTo("!IllegalStateException");
            nobodys.close();
            lax.close();
        }
    }

    @Nested
    class KeepAlive {
        @Test
        void openKeepsTheSessionOfASilentSocketUntilItCloses() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            Socket socket = ada.opens(socket(STRICT, "annotated"));
            says(ada, PLAIN, "set word one");
            says(ada, PLAIN, "maxInactive 2");

            await().pollDelay(Duration.ofSeconds(6)).until(() -> true);

            assertThat(says(ada, PLAIN, "get word")).isEqualTo("one");
            socket.close();
            await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
            assertThat(says(ada, PLAIN, "get word")).isEqualTo("none");
        }

        /** The fourth is spoken to on one node and then on another, each time when most of its interval is over. */
        @Test
        void messagesKeepTheSessionWhateverTakesThemAndWhereverAndPingsDoNot() {
            Browser ada = withInterval(3);
            Browser ben = withInterval(3);
            Browser eve = withInterval(3);
            Browser joe = withInterval(60);
            Browser liz = withInterval(3);
            try (Socket parts = ada.opens(socket(PLAIN, "parts"));
                    Socket bytes = liz.opens(socket(PLAIN, "parts"));
                    Socket lambda = ben.opens(socket(PLAIN, "lambda"));
                    Socket here = joe.opens(socket(PLAIN, "annotated"));
                    Socket there = joe.opens(socket(REPORTING, "annotated"))) {
                Socket pinging = eve.opens(socket(PLAIN, "annotated"));
                says(joe, PLAIN, "maxInactive 4");
                for (int tick = 1; tick <= 14; tick++) {
                    await().pollDelay(Duration.ofMillis(550)).until(() -> true);
                    parts.sendsPart("part");
                    bytes.sendsBytes();
                    assertThat(lambda.asks("get word")).isEqualTo("null");
                    if (pinging.isOpen()) {
                        pinging.pings();
                    }
                    if (tick % 4 == 0) {
                        assertThat((tick == 4 ? here : there).asks("get word")).isEqualTo("null");
                    }
                }

                assertClosed(pinging, 1008, "session expired");
                assertThat(List.of(ada, ben, joe, liz))
                        .allSatisfy(browser ->
                                assertThat(says(browser, REPORTING, "get word")).isEqualTo("null"));
                assertThat(parts.asks("end")).isEqualTo("15");
                assertThat(bytes.asks("end")).isEqualTo("15");
            }
        }

        private static Browser withInterval(int seconds) {
            Browser browser = cluster.newBrowser();
            says(browser, PLAIN, "open");
            says(browser, PLAIN, "maxInactive " + seconds);
            return browser;
        }

        @Test
        void noneLetsTheSessionOfATalkingSocketExpire() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            try (Socket socket = ada.opens(socket(LAX, "annotated"))) {
                says(ada, PLAIN, "maxInactive 2");

                await().atMost(PROMPT)
                        .pollInterval(Duration.ofMillis(300))
                        .until(() -> socket.asks("get word").equals("!IllegalStateException"));
            }
        }
    }

    @Nested
    class TheClose {
        @Test
        void doesNotOvertakeOnOpen() {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            says(ada, PLAIN, "hold");
            Socket socket = ada.opens(socket(PLAIN, "slow"));

            says(ada, REPORTING, "invalidate");

            assertThat(socket.close(A_WHILE)).as("while onOpen runs").isEmpty();
            says(cluster.newBrowser(), PLAIN, "release");
            assertThat(socket.hears()).isEqualTo("open");
            assertClosed(socket, 1008, "session invalidated");
        }

        @Test
        void dropsTheMessagesThatAreQueuedBehindTheEnd() {
            Browser ada = cluster.newBrowser();
            Browser warden = cluster.newBrowser();
            says(ada, PLAIN, "open");
            Socket socket = ada.opens(socket(PLAIN, "slow"));
            assertThat(socket.hears()).isEqualTo("open");
            says(warden, PLAIN, "hold");
            int before = Integer.parseInt(says(warden, PLAIN, "delivered"));
            for (int message = 0; message < 50; message++) {
                socket.sends("get word");
            }
            await().atMost(PROMPT).until(() -> says(warden, PLAIN, "delivered").equals("" + (before + 1)));

            says(ada, REPORTING, "invalidate");
            assertClosed(socket, 1008, "session invalidated");
            says(warden, PLAIN, "release");

            await().during(A_WHILE).until(() -> says(warden, PLAIN, "delivered").equals("" + (before + 1)));
        }

        @Test
        void ofAClientThatNeverReadsHoldsUpNoOtherAndItsConnectionEnds() throws IOException {
            Browser ada = cluster.newBrowser();
            says(ada, PLAIN, "open");
            URI slow = socket(REPORTING, "slow");
            await().atMost(PROMPT).until(() -> webSockets() == 0);
            try (var deaf = Handshake.open(slow, "Cookie: JSESSIONID=" + ada.sessionCookie(slow))) {
                deaf.getOutputStream().write(Handshake.message("flood"));
                var others = new ArrayList<Socket>();
                for (int i = 0; i < 5; i++) {
                    others.add(ada.opens(socket(REPORTING, "annotated")));
                }
                await().atMost(PROMPT).until(() -> webSockets() == 6);

                says(ada, PLAIN, "invalidate");

                assertThat(others).allSatisfy(socket -> assertClosed(socket, 1008, "session invalidated"));
                await().atMost(Duration.ofSeconds(20)).until(() -> webSockets() == 0);
            }
        }

        @Test
        void reachesExactlyTheSocketsOfTheSession() {
            Browser ada = cluster.newBrowser();
            Browser eve = cluster.newBrowser();
            says(ada, PLAIN, "open");
            says(eve, PLAIN, "open");
            URI uri = socket(REPORTING, "annotated");
            Socket adas = ada.opens(uri);
            Socket nobodys = cluster.newBrowser().opens(uri);

            try (Socket eves = eve.opens(uri);
                    nobodys) {
                says(ada, PLAIN, "invalidate");

                assertClosed(adas, 1008, "session invalidated");
                assertThat(eves.asks("get word")).isEqualTo("null");
                assertThat(nobodys.asks("get word")).isEqualTo("none");
            }
        }
    }

    @Nested
    class AWebApplicationThatComesAndGoes {
        /**
         * Jetty keeps with each idle connection what it needs for the web application that was asked last on it, and
         * nobody knows how many a client has left idle.
         */
        private static final String AGAIN = "/again/say?close&m=";

        /**
         * Redeployed on one node, and restarted by JMX on the other: there Jetty's own beans keep the old class
         * loaders.
         */
        @Test
        void closesItsSocketsWith1001AndBindsThoseOfItsNextLifeAndLeavesNothing() {
            await().atMost(PROMPT).until(() -> webSockets() == 0);
            var upgrades = new int[2];
            for (int life = 0; life < 6; life++) {
                int here = life % 2 == 0 ? PLAIN : REPORTING;
                int there = life % 2 == 0 ? REPORTING : PLAIN;
                Browser ada = cluster.newBrowser();
                asks(ada, here, "open");
                Socket leaving = ada.opens(again(here));
                Socket staying = ada.opens(again(there));
                assertThat(leaving.asks("set word one")).isEqualTo("ok");

                if (here == PLAIN) {
                    redeploy();
                } else {
                    says(cluster.newBrowser(), here, "stop /again");
                    says(cluster.newBrowser(), here, "start /again");
                }

                assertClosed(leaving, 1001, "application stops");
                assertThat(asks(ada, here, "get close")).isEqualTo("1001");
                assertThat(staying.asks("set word two")).isEqualTo("ok");
                Socket next = ada.opens(again(here));
                assertThat(next.asks("get word")).isEqualTo("two");
                upgrades[here] += 2;
                upgrades[there]++;
                for (int node : List.of(PLAIN, REPORTING)) {
                    await().atMost(PROMPT)
                            .untilAsserted(() -> assertThat(upgradesOfAgain(node))
                                    .as("seen by one handler of node %s", node)
                                    .isEqualTo(upgrades[node]));
                }
                assertThat(next.asks("set word three")).isEqualTo("ok");
                assertThat(staying.asks("get word")).isEqualTo("three");
                await().atMost(PROMPT).until(() -> webSockets() == 1);
                asks(ada, there, "invalidate");
                assertClosed(next, 1008, "session invalidated");
                assertClosed(staying, 1008, "session invalidated");
            }
            await().atMost(PROMPT).until(() -> webSockets() == 0);
            await().atMost(PROMPT)
                    .untilAsserted(() -> assertThat(says(cluster.newBrowser(), PLAIN, "lives /again"))
                            .isEqualTo("1"));
        }

        /** The stop waits a second for it, and takes away what it needs. */
        @Test
        void answersAnUpgradeThatTakesLongerThanItsStopWith503() {
            Browser warden = cluster.newBrowser();
            // A web application that JMX restarts goes on with the classes that it has loaded.
            assertThat(asks(warden, REPORTING, "get word")).isEqualTo("none");
            URI late = cluster.node(REPORTING).ws("/again/late");
            var upgrade = CompletableFuture.supplyAsync(() -> Handshake.ask(late));
            await().atMost(PROMPT).until(() -> says(warden, REPORTING, "late").equals("true"));

            says(warden, REPORTING, "stop /again");
            says(warden, REPORTING, "letGo");

            Handshake answer = upgrade.join();
            says(warden, REPORTING, "start /again");
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.headers()).contains("Retry-After: 5");
            assertThat(answer.body()).isEqualTo("application stops");
        }

        @Test
        void thatIsDeployedIntoARunningServerHasItsSocketsBoundLikeOthers() throws IOException {
            Path webapps = cluster.node(PLAIN).base().directory().resolve("webapps");
            Files.copy(webapps.resolve("sockets.war"), webapps.resolve("late.war"));
            Browser ada = cluster.newBrowser();
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> ada.gets(cluster.node(PLAIN).http("/late/say?m=open"))
                                    .statusCode()
                            == 200);

            Socket socket = ada.opens(cluster.node(PLAIN).ws("/late/annotated"));

            assertThat(socket.asks("set word one")).isEqualTo("ok");
            assertThat(ada.gets(cluster.node(PLAIN).http("/late/say?m=get%20word"))
                            .body())
                    .isEqualTo("one");
            ada.gets(cluster.node(PLAIN).http("/late/say?m=invalidate"));
            assertClosed(socket, 1008, "session invalidated");
        }

        private static URI again(int node) {
            return cluster.node(node).ws("/again/annotated");
        }

        private void redeploy() {
            Path war = cluster.node(PLAIN).base().directory().resolve("webapps/again.war");
            long starts = starts();
            try {
                Files.setLastModifiedTime(war, FileTime.from(Instant.now().plusSeconds(2 * starts)));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> starts() > starts);
        }

        private static long starts() {
            return cluster.node(PLAIN).log().stream()
                    .filter(line -> line.contains("Sessions of context /again:"))
                    .count();
        }

        private static long upgradesOfAgain(int node) {
            return upgradeLines(node).stream()
                    .filter(line -> line.contains("/again/annotated"))
                    .count();
        }

        /** Asks the web application that comes and goes, again and again while it is not there. */
        private static String asks(Browser browser, int node, String message) {
            URI uri = cluster.node(node).http(AGAIN + URLEncoder.encode(message, StandardCharsets.UTF_8));
            return await().atMost(Duration.ofSeconds(20))
                    .until(() -> browser.gets(uri), answer -> answer.statusCode() == 200)
                    .body();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sessions",
                "handles",
                "loads",
                "reloads",
                "writes",
                "noticesReceived",
                "noticesSent",
                "loadMaxMicros",
                "reloadMaxMicros",
                "writeMaxMicros"
            })
    void jmxShowsFigures(String attribute) {
        Browser ada = cluster.newBrowser();
        says(ada, PLAIN, "open");
        says(ada, REPORTING, "set word one");
        says(ada, PLAIN, "set word two");
        assertThat(says(ada, REPORTING, "get word")).isEqualTo("two");

        assertThat(figure(attribute)).isPositive();
        int members = cluster.servers().isEmpty()
                ? cluster.nodes().size()
                : cluster.servers().size();
        assertThat(figure("clusterNodes")).isEqualTo(members);
    }

    @Test
    void jmxCountsTheClosesByTheirReasons() {
        Browser ada = cluster.newBrowser();
        says(ada, PLAIN, "open");
        Socket first = ada.opens(socket(REPORTING, "annotated"));
        Socket second = ada.opens(socket(REPORTING, "annotated"));
        long invalidated = closes("session invalidated");
        long expired = closes("session expired");

        says(ada, PLAIN, "invalidate");

        assertClosed(first, 1008, "session invalidated");
        assertClosed(second, 1008, "session invalidated");
        assertThat(closes("session invalidated")).isEqualTo(invalidated + 2);
        assertThat(closes("session expired")).isEqualTo(expired);
    }

    private static long closes(String reason) {
        Matcher count =
                Pattern.compile(reason + "=(\\d+)").matcher(says(cluster.newBrowser(), REPORTING, "mbean closes"));
        assertThat(count.find()).as(reason).isTrue();
        return Long.parseLong(count.group(1));
    }

    private static long figure(String attribute) {
        return Long.parseLong(says(cluster.newBrowser(), REPORTING, "mbean " + attribute));
    }

    /** Of the socket's node: what it asks of the cluster, and what it tells others. */
    @Test
    void messagesAreNoCallsOfTheCluster() {
        Browser ada = cluster.newBrowser();
        says(ada, PLAIN, "open");
        try (Socket socket = ada.opens(socket(REPORTING, "annotated"))) {
            socket.asks("get word");
            long before = calls();

            for (int message = 0; message < 500; message++) {
                assertThat(socket.asks("get word")).isEqualTo("null");
            }

            // When sessions were used last is stored now and then, for all together.
            assertThat(calls() - before).isLessThan(50);
        }
    }

    private static long calls() {
        return Stream.of("loads", "reloads", "writes", "noticesSent")
                .mapToLong(SocketRulesIT::figure)
                .sum();
    }

    /** As many as in {@code dev.mooring.bench.ManySockets}, but for two zeros. */
    @Test
    void manySocketsOpenedAndClosedLeaveNothing() throws IOException {
        Browser ada = cluster.newBrowser();
        says(ada, REPORTING, "open");
        URI uri = socket(REPORTING, "annotated");
        String cookie = "Cookie: JSESSIONID=" + ada.sessionCookie(uri);
        await().atMost(PROMPT).until(() -> webSockets() == 0);
        int handles = Integer.parseInt(says(ada, REPORTING, "mbean handles"));
        for (int number = 0; number < 2_000; number++) {
            try (var connection = Handshake.open(uri, cookie)) {
                connection.getOutputStream().write(Handshake.close(1000));
                assertThat(new String(connection.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                        .startsWith("HTTP/1.1 101")
                        .endsWith("\u0088\u0002\u0003\u00e8");
            }
        }

        await().atMost(PROMPT).until(() -> webSockets() == 0);
        assertThat(Integer.parseInt(says(ada, REPORTING, "mbean handles"))).isLessThanOrEqualTo(handles);
        assertThat(says(ada, REPORTING, "get word")).isEqualTo("null");
    }

    private static int webSockets() {
        return (int) figure("webSockets");
    }

    private static void assertClosed(Socket socket, int code, String reason) {
        assertThat(socket.close(PROMPT)).as("%s", socket).hasValueSatisfying(close -> {
            assertThat(close.code()).isEqualTo(code);
            assertThat(close.reason()).isEqualTo(reason);
        });
    }

    private static URI socket(int node, String path) {
        return cluster.node(node).ws("/sockets/" + path);
    }

    private static String cookie(URI uri) {
        Browser somebody = cluster.newBrowser();
        says(somebody, PLAIN, "open");
        return "Cookie: JSESSIONID=" + somebody.sessionCookie(uri);
    }

    private static String user() {
        return "Authorization: Basic "
                + Base64.getEncoder().encodeToString("user:password".getBytes(StandardCharsets.US_ASCII));
    }

    private static String says(Browser browser, int node, String message) {
        JettyNode jetty = cluster.node(node);
        var response = browser.gets(jetty.http("/sockets/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8)));
        assertThat(response.statusCode()).as("%s at %s", message, jetty).isEqualTo(200);
        return response.body();
    }
}
