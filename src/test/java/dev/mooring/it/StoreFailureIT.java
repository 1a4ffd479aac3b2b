package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.it.Askers.Answer;
import dev.mooring.it.Askers.Answers;
import dev.mooring.it.Askers.Question;
import dev.mooring.it.Askers.Verdict;
import dev.mooring.it.Askers.Written;
import dev.mooring.nodes.HazelcastServer;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The servers that hold the sessions hang, or are killed: what two nodes answer meanwhile, by HTTP, at an upgrade and
 * in a WebSocket, and afterwards. The second node has {@code onStoreFailure=anonymous}, and {@code createSession},
 * which makes no difference to who brings a session id.
 */
class StoreFailureIT {
    private static final String ENVIRONMENT = "ee10";
    private static final int REJECTING = 0;
    private static final int ANONYMOUS = 1;
    private static final Duration OUTAGE = Duration.ofSeconds(14);

    private static final Duration RECOVERY = Duration.ofSeconds(15);

    /** For that long a node may go on by its lease, without asking. */
    private static final Duration LEASE = Duration.ofMillis(1_100);

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes() {
        var number = new AtomicInteger();
        cluster = LiveWar.onNodes("store-failure", 2, Mode.CLIENTS, base -> {
            if (number.getAndIncrement() == ANONYMOUS) {
                base.property("jetty.session.onStoreFailure", "anonymous")
                        .property("jetty.session.websocket.createSession", "true");
            }
        });
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        // Neither could renew its row, and neither has died.
        assertThat(cluster.processes())
                .allSatisfy(node -> assertThat(node.log()).noneMatch(line -> line.contains("is taken for dead")));
        cluster.logs()
                .expecting(":dmg?s?\\.", "the store was out of reach, and who needed it said so")
                .expectingExceptions()
                .passes(List.of(on(REJECTING).path()));
    }

    @BeforeEach
    void theServersRun() {
        if (!cluster.servers().stream().allMatch(HazelcastServer::isAlive)) {
            cluster.servers().forEach(HazelcastServer::kill);
            cluster.startServers();
        }
        awaitService();
    }

    @Test
    void whileTheServersHangEverythingIsRefusedInTimeAndAfterwardsGoesOnAsBefore() throws Exception {
        Browser ada = cluster.newBrowser();
        Browser bob = cluster.newBrowser();
        ada.says(on(REJECTING), "open ada");
        ada.says(on(REJECTING), "set count 0");
        ada.says(on(REJECTING), "set total 0");
        ada.says(on(REJECTING), "set said 0");
        bob.says(on(REJECTING), "open bob");
        String cookie = ada.sessionCookie(on(REJECTING).say(""));
        // Three at once: what one of them sets, another one carries.
        var count = new Written("count");
        var total = new Written("total");
        var said = new Written("said");
        try (Socket socket = ada.opens(on(REJECTING), Way.CONFIGURED);
                Socket writer = ada.opens(on(REJECTING), Way.PLAIN);
                Socket other = ada.opens(on(ANONYMOUS), Way.PLAIN);
                var askers = new Askers()) {
            ada.says(on(ANONYMOUS), "get who");

            cluster.suspendServers();
            long start = System.nanoTime();
            List<Answers> all = askers.ask(leased(start, Askers.reads(bob, on(REJECTING), "bob")))
                    .ask(leased(start, Askers.upgrades(bob, on(REJECTING))))
                    .ask(Askers.writes(ada, on(REJECTING), count))
                    .ask(Askers.writes(ada, on(REJECTING), total))
                    .ask(Askers.writes(writer, said))
                    .ask(leased(start, namingTheCluster(Askers.reads(socket, "ada"))))
                    .ask(leased(start, goesOnWithout(start, ada)))
                    .stopAfter(OUTAGE);
            cluster.resumeServers();
            long back = System.nanoTime();

            askers.gotNothingWrong(
                    "store hangs: reads, upgrades, writes, writes of another attribute, writes by a handle, its reads, anonymous",
                    all);
            assertThat(all).allSatisfy(answers -> assertThat(answers.refused()).isPositive());
            await().atMost(RECOVERY).untilAsserted(() -> {
                assertThat(ada.gets(on(REJECTING).say("get who")).body()).isEqualTo("ada");
                assertThat(ada.gets(on(ANONYMOUS).say("get who")).body()).isEqualTo("ada");
            });
            System.out.println("store hangs: served again after "
                    + Duration.ofNanos(System.nanoTime() - back).toMillis() + " ms");
            assertThat(ada.sessionCookie(on(REJECTING).say(""))).isEqualTo(cookie);
            assertThat(List.of(socket, other)).allMatch(Socket::isOpen);
            for (Written written : List.of(count, total, said)) {
                written.isIn(on(ANONYMOUS), ada);
            }
            assertThat(socket.asks("set after websocket")).isEqualTo("ok");
            assertThat(other.asks("get after")).isEqualTo("websocket");
            assertThat(ada.says(on(REJECTING), "journal destroyed ").lines())
                    .noneMatch(line -> line.endsWith(" ada") || line.endsWith(" bob"));
        }
    }

    @Test
    void withoutServersNobodyLosesACookieAndServiceComesBackByItself() {
        Browser ada = cluster.newBrowser();
        ada.says(on(ANONYMOUS), "open ada");
        String cookie = ada.sessionCookie(on(ANONYMOUS).say(""));
        try (Socket socket = ada.opens(on(REJECTING), Way.CONFIGURED)) {
            socket.asks("get who");

            cluster.killServers();
            await().atMost(LEASE.plus(Askers.LONGEST_ANSWER).plusSeconds(1))
                    .until(() -> Askers.refuses(ada.gets(on(REJECTING).say("get who"))));

            assertThat(ada.gets(on(REJECTING).say("set x 1"))).matches(Askers::refuses);
            assertThat(ada.gets(on(REJECTING).say("try get who"))).matches(Askers::refuses);
            assertThat(ada.upgrades(on(REJECTING).socket(Way.CONFIGURED))).isEqualTo(503);
            // It may go by its own copy until its lease has run out.
            await().atMost(LEASE.plus(Askers.LONGEST_ANSWER).plusSeconds(1))
                    .until(() -> ada.gets(on(ANONYMOUS).say("get who")).body().equals("none"));
            URI upgrade = on(ANONYMOUS).socket(Way.PLAIN);
            Handshake answer = Handshake.ask(upgrade, "Cookie: JSESSIONID=" + cookie);
            assertThat(answer.status()).isEqualTo(101);
            assertThat(answer.headers()).noneMatch(header -> header.startsWith("Set-Cookie"));
            try (Socket nobodys = ada.opens(upgrade)) {
                assertThat(nobodys.asks("get who")).isEqualTo("none");
            }
            // An upgrade without a session id is to get a session, which cannot be stored.
            assertThat(cluster.newBrowser().upgrades(upgrade)).isEqualTo(503);
            // It asks for a new session, whose cookie would take the place of the one that cannot be read.
            assertThat(ada.gets(on(ANONYMOUS).say("open bob"))).matches(Askers::refuses);
            assertThat(socket.asks("try get who"))
                    .startsWith("!StoreUnavailableException")
                    .contains(cluster.name());
            assertThat(socket.asks("try set x 1"))
                    .startsWith("!StoreUnavailableException")
                    .contains(cluster.name());
            assertThat(ada.sessionCookie(on(ANONYMOUS).say(""))).isEqualTo(cookie);

            cluster.startServers();
            long back = System.nanoTime();
            awaitService();
            assertThat(Duration.ofNanos(System.nanoTime() - back)).isLessThan(RECOVERY);
        }
    }

    /** A node may serve by its lease, without asking, and no longer. */
    private static Question leased(long start, Question question) {
        return () -> {
            boolean leased = isLeased(start);
            Answer answer = question.ask();
            return answer.verdict() == Verdict.SERVED && !leased ? new Answer(Verdict.WRONG, answer.text()) : answer;
        };
    }

    private static Question namingTheCluster(Question question) {
        return () -> {
            Answer answer = question.ask();
            boolean silent =
                    answer.verdict() == Verdict.REFUSED && !answer.text().contains(cluster.name());
            return silent ? new Answer(Verdict.WRONG, answer.text()) : answer;
        };
    }

    private static boolean isLeased(long start) {
        return System.nanoTime() - start < LEASE.toNanos();
    }

    /** Refused is here who asks for a session that cannot be had; everything else is served without one. */
    private static Question goesOnWithout(long start, Browser browser) {
        return () -> {
            boolean leased = isLeased(start);
            HttpResponse<String> response = browser.gets(on(ANONYMOUS).say("get who"));
            String answer = response.statusCode() + " " + response.body();
            boolean cookie = response.headers().firstValue("Set-Cookie").isPresent();
            if (answer.equals("200 ada") && !cookie) {
                return new Answer(Verdict.SERVED, answer);
            }
            // Refused is also who has found the session, and reads it when the lease has just run out.
            boolean refused = answer.equals("200 none") || Askers.refuses(response) && leased;
            return new Answer(
                    refused && !cookie ? Verdict.REFUSED : Verdict.WRONG, answer + (cookie ? ", with a cookie" : ""));
        };
    }

    /** Waits until a new person's session is served by both nodes. */
    private static void awaitService() {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            Browser someone = cluster.newBrowser();
            assertThat(someone.gets(on(REJECTING).say("open someone")).statusCode())
                    .isEqualTo(200);
            assertThat(someone.gets(on(ANONYMOUS).say("get who")).body()).isEqualTo("someone");
        });
    }

    private static LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
