package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.HazelcastServer;
import dev.mooring.testing.Hiccups;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
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

    /** What the contract promises. */
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(5);

    private static final Duration RECOVERY = Duration.ofSeconds(15);

    /** For that long a node may go on by its lease, without asking. */
    private static final Duration LEASE = Duration.ofMillis(1_100);

    private static NodeCluster cluster;
    private static Hiccups hiccups;

    @BeforeAll
    static void startNodes() {
        hiccups = Hiccups.watched();
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
        hiccups.close();
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

    /** What somebody who asks again and again got. Filled by one thread. */
    private static final class Answers {
        private final List<String> wrong = new ArrayList<>();
        private int served;
        private int refused;
        private Duration longest = Duration.ZERO;

        void took(long start) {
            Duration taken = Duration.ofNanos(System.nanoTime() - start);
            longest = taken.compareTo(longest) > 0 ? taken : longest;
        }

        @Override
        public String toString() {
            return served + " served, " + refused + " refused, longest " + longest.toMillis() + " ms, wrong " + wrong;
        }
    }

    /**
     * The last value that was sent, and the last one that was answered as stored. Used by one thread after the other.
     */
    private static final class Written {
        private long sent;
        private long answered;
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
        var counts = new Written();
        var totals = new Written();
        var sayings = new Written();
        ExecutorService people = Executors.newCachedThreadPool();
        try (Socket socket = ada.opens(on(REJECTING), Way.CONFIGURED);
                Socket writer = ada.opens(on(REJECTING), Way.PLAIN);
                Socket other = ada.opens(on(ANONYMOUS), Way.PLAIN)) {
            ada.says(on(ANONYMOUS), "get who");

            cluster.suspendServers();
            long start = System.nanoTime();
            BooleanSupplier hangs = () -> System.nanoTime() - start < OUTAGE.toNanos();
            Future<Answers> reads = people.submit(asksAgain(hangs, start, bob, "get who", "bob"));
            Future<Answers> upgrades = people.submit(upgradesAgain(hangs, start, bob));
            Future<Answers> writes = people.submit(writesAgain(hangs, ada, "count", counts));
            Future<Answers> more = people.submit(writesAgain(hangs, ada, "total", totals));
            Future<Answers> said = people.submit(saysAgain(hangs, writer, sayings));
            Future<Answers> handle = people.submit(readsAgain(hangs, start, socket));
            Future<Answers> anonymous = people.submit(goesOnWithout(hangs, start, ada));
            var all =
                    List.of(get(reads), get(upgrades), get(writes), get(more), get(said), get(handle), get(anonymous));
            cluster.resumeServers();
            long back = System.nanoTime();

            System.out.println(
                    "store hangs: reads, upgrades, writes, writes of another attribute, writes by a handle, its reads, anonymous: "
                            + all + ", excused " + hiccups.excuse().toMillis() + " ms");
            assertThat(all).allSatisfy(answers -> assertThat(answers.wrong).isEmpty());
            assertThat(all).allSatisfy(answers -> assertThat(answers.refused).isPositive());
            await().atMost(RECOVERY).untilAsserted(() -> {
                assertThat(ada.gets(on(REJECTING).say("get who")).body()).isEqualTo("ada");
                assertThat(ada.gets(on(ANONYMOUS).say("get who")).body()).isEqualTo("ada");
            });
            System.out.println("store hangs: served again after "
                    + Duration.ofNanos(System.nanoTime() - back).toMillis() + " ms");
            assertThat(ada.sessionCookie(on(REJECTING).say(""))).isEqualTo(cookie);
            assertThat(List.of(socket, other)).allMatch(Socket::isOpen);
            for (Map.Entry<String, Written> entry :
                    Map.of("count", counts, "total", totals, "said", sayings).entrySet()) {
                assertThat(Long.parseLong(ada.says(on(ANONYMOUS), "get " + entry.getKey())))
                        .as("the last write of %s that was answered, or one after it", entry.getKey())
                        .isBetween(entry.getValue().answered, entry.getValue().sent);
            }
            assertThat(socket.asks("set after websocket")).isEqualTo("ok");
            assertThat(other.asks("get after")).isEqualTo("websocket");
            assertThat(ada.says(on(REJECTING), "journal destroyed ").lines())
                    .noneMatch(line -> line.endsWith(" ada") || line.endsWith(" bob"));
        } finally {
            people.shutdownNow();
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
            await().atMost(LEASE.plus(LONGEST_ANSWER).plusSeconds(1))
                    .until(() -> refuses(ada.gets(on(REJECTING).say("get who"))));

            assertThat(ada.gets(on(REJECTING).say("set x 1"))).matches(StoreFailureIT::refuses);
            assertThat(ada.gets(on(REJECTING).say("try get who"))).matches(StoreFailureIT::refuses);
            assertThat(ada.upgrades(on(REJECTING).socket(Way.CONFIGURED))).isEqualTo(503);
            // It may go by its own copy until its lease has run out.
            await().atMost(LEASE.plus(LONGEST_ANSWER).plusSeconds(1))
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
            assertThat(ada.gets(on(ANONYMOUS).say("open bob"))).matches(StoreFailureIT::refuses);
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

    private static Callable<Answers> asksAgain(
            BooleanSupplier hangs, long start, Browser browser, String message, String expected) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                HttpResponse<String> response = browser.gets(on(REJECTING).say(message));
                answers.took(begun);
                if (refuses(response)) {
                    answers.refused++;
                } else if (response.statusCode() == 200 && response.body().equals(expected) && isLeased(begun, start)) {
                    answers.served++;
                } else {
                    answers.wrong.add(response.statusCode() + " " + response.body());
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    private static Callable<Answers> writesAgain(BooleanSupplier hangs, Browser browser, String name, Written written) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                HttpResponse<String> response = browser.gets(on(REJECTING).say("set " + name + " " + ++written.sent));
                answers.took(begun);
                if (refuses(response)) {
                    answers.refused++;
                } else if (response.statusCode() == 200) {
                    written.answered = written.sent;
                    answers.served++;
                } else {
                    answers.wrong.add(response.statusCode() + " " + response.body());
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    private static Callable<Answers> saysAgain(BooleanSupplier hangs, Socket socket, Written written) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                String answer = socket.asks("try set said " + ++written.sent);
                answers.took(begun);
                if (answer.startsWith("!StoreUnavailableException")) {
                    answers.refused++;
                } else if (answer.equals("ok")) {
                    written.answered = written.sent;
                    answers.served++;
                } else {
                    answers.wrong.add(answer);
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    private static Callable<Answers> upgradesAgain(BooleanSupplier hangs, long start, Browser browser) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                int status = browser.upgrades(on(REJECTING).socket(Way.CONFIGURED));
                answers.took(begun);
                if (status == 503) {
                    answers.refused++;
                } else if (status == 101 && isLeased(begun, start)) {
                    answers.served++;
                } else {
                    answers.wrong.add("an upgrade was answered with " + status);
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    private static Callable<Answers> readsAgain(BooleanSupplier hangs, long start, Socket socket) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                String answer = socket.asks("try get who");
                answers.took(begun);
                if (answer.startsWith("!StoreUnavailableException") && answer.contains(cluster.name())) {
                    answers.refused++;
                } else if (answer.equals("ada") && isLeased(begun, start)) {
                    answers.served++;
                } else {
                    answers.wrong.add(answer);
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    /** Refused is here who asks for a session that cannot be had; everything else is served without one. */
    private static Callable<Answers> goesOnWithout(BooleanSupplier hangs, long start, Browser browser) {
        return () -> {
            var answers = new Answers();
            while (hangs.getAsBoolean()) {
                long begun = System.nanoTime();
                HttpResponse<String> response = browser.gets(on(ANONYMOUS).say("get who"));
                answers.took(begun);
                if (response.statusCode() == 200 && response.body().equals("none")) {
                    answers.refused++;
                } else if (response.statusCode() == 200 && response.body().equals("ada") && isLeased(begun, start)) {
                    answers.served++;
                } else if (!refuses(response) || !isLeased(begun, start)) {
                    // Refused is also who has found the session, and reads it when the lease has just run out.
                    answers.wrong.add(response.statusCode() + " " + response.body());
                }
                if (response.headers().firstValue("Set-Cookie").isPresent()) {
                    answers.wrong.add("a cookie was set");
                }
                checkTime(answers);
            }
            return answers;
        };
    }

    private static boolean isLeased(long begun, long start) {
        return begun - start < LEASE.toNanos();
    }

    private static void checkTime(Answers answers) {
        if (answers.longest.compareTo(LONGEST_ANSWER.plus(hiccups.excuse())) > 0) {
            answers.wrong.add("an answer took " + answers.longest.toMillis() + " ms");
        }
    }

    private static boolean refuses(HttpResponse<String> response) {
        return response.statusCode() == 503
                && response.headers().firstValue("Retry-After").isPresent()
                && response.headers().firstValue("Set-Cookie").isEmpty();
    }

    private static <T> T get(Future<T> future) throws ExecutionException, InterruptedException {
        return future.get();
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
