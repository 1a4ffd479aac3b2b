package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.it.Askers.Answers;
import dev.mooring.it.Askers.Written;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What else may be wrong with the store, than what {@link StoreFailureIT} tries: all other members hang, the store is
 * slow, or full, and a node is to stop that cannot reach it. Whoever asks is answered within five seconds, by the truth
 * or by 503.
 */
@Tag("stress")
class StoreTroubleIT {
    private static final String ENVIRONMENT = "ee10";
    private static final String ASKERS = "reads, writes, writes by a handle, its reads, upgrades";
    private static final Duration RECOVERY = Duration.ofSeconds(15);

    /** Longer than Hazelcast takes to give a silent member up. */
    private static final Duration HANGING = Duration.ofSeconds(18);

    /** A machine that is busy fills its memory slowly. */
    private static final Duration FILLING = Duration.ofSeconds(60);

    private static final Duration SLOW = Duration.ofSeconds(20);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    /**
     * After a long pause a member answers again when it has merged with the others, who look for it every five seconds,
     * or has waited for them for long.
     */
    private static final Duration RECOVERY_OF_MEMBERS = Duration.ofSeconds(60);

    @Test
    void aMemberWhoseOthersHangRefusesInTimeAndGoesOnWithoutThem() throws Exception {
        NodeCluster cluster = LiveWar.onNodes("trouble-members", 2, Mode.MEMBERS);
        try (cluster) {
            List<Answers> all =
                    workWhile(cluster, Mode.MEMBERS, HANGING, () -> cluster.suspend(1), () -> cluster.resume(1));

            // Each record has its owner or its backup there, so no write can be confirmed; once it is given up, after
            // 10 s, all can.
            assertThat(all.subList(1, 3))
                    .allSatisfy(answers -> assertThat(answers.refused()).isPositive())
                    .allSatisfy(answers -> assertThat(answers.served()).isGreaterThan(100));
        }
        assertSaidWhatWasWrong(cluster);
    }

    /** Each of those who have the sessions works for a tenth of a second in half a one. */
    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void aSlowStoreDelaysAndLosesNothing(Mode mode) throws Exception {
        NodeCluster cluster = LiveWar.onNodes("trouble-slow-" + mode, 2, mode);
        try (cluster) {
            ExecutorService hand = Executors.newSingleThreadExecutor();
            Runnable begin = () -> hand.execute(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    suspendOthers(cluster, mode);
                    pause(400);
                    resumeOthers(cluster, mode);
                    pause(100);
                }
            });
            Runnable end = () -> {
                stop(hand);
                resumeOthers(cluster, mode);
            };

            workWhile(cluster, mode, SLOW, begin, end);
        }
        assertSaidWhatWasWrong(cluster);
    }

    /** Somebody else keeps so much on the servers that they have no memory left: they hang, or end. */
    @Test
    void fullServersRefuseAndServeAgainWhenTheyAreStartedAnew() throws Exception {
        NodeCluster cluster = LiveWar.onNodes("trouble-full", 2, Mode.CLIENTS);
        try (cluster) {
            LiveWar here = new LiveWar(cluster.node(0), ENVIRONMENT);
            LiveWar there = new LiveWar(cluster.node(1), ENVIRONMENT);
            Browser ada = cluster.newBrowser();
            Browser bob = cluster.newBrowser();
            ada.says(here, "open ada");
            bob.says(there, "open bob");
            String cookie = ada.sessionCookie(here.say(""));
            ExecutorService hand = Executors.newSingleThreadExecutor();
            try (Bystander bystander = Bystander.of(cluster);
                    Socket socket = ada.opens(here, Way.CONFIGURED);
                    Socket reader = bob.opens(there, Way.PLAIN);
                    var askers = new Askers()) {
                cluster.serversSuffer();
                Future<?> filling = hand.submit(() -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        bystander.fill();
                    }
                });
                askers.ask(Askers.reads(bob, there, "bob"))
                        .ask(Askers.writes(ada, here, new Written("http")))
                        .ask(Askers.writes(socket, new Written("socket")))
                        .ask(Askers.reads(reader, "bob"))
                        .ask(Askers.upgrades(bob, there));
                Browser cy = cluster.newBrowser();
                await().atMost(FILLING).until(() -> cy.gets(here.say("open cy")).statusCode() == 503);
                List<Answers> all = askers.stopAfter(HANGING);
                assertThat(filling.isDone()).isFalse();
                stop(hand);

                askers.gotNothingWrong("store is full: " + ASKERS, all);
                assertThat(all)
                        .allSatisfy(answers -> assertThat(answers.refused()).isPositive());
                assertThat(ada.sessionCookie(here.say(""))).isEqualTo(cookie);
                assertThat(List.of(socket, reader)).allMatch(Socket::isOpen);
            } finally {
                hand.shutdownNow();
            }

            assertThat(cluster.servers())
                    .anySatisfy(server -> assertThat(server.log()).anyMatch(line -> line.contains("OutOfMemoryError")));
            cluster.killServers();
            cluster.startServers();
            await().atMost(RECOVERY).untilAsserted(() -> {
                Browser someone = cluster.newBrowser();
                assertThat(someone.gets(here.say("open someone")).statusCode()).isEqualTo(200);
                assertThat(someone.gets(there.say("get who")).body()).isEqualTo("someone");
            });
        }
        assertSaidWhatWasWrong(cluster);
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void aNodeStopsInTimeWhileTheStoreHangs(Mode mode) {
        NodeCluster cluster = LiveWar.onNodes("trouble-stop-" + mode, 2, mode);
        try (cluster) {
            Browser ada = cluster.newBrowser();
            LiveWar leaving = new LiveWar(cluster.node(0), ENVIRONMENT);
            LiveWar staying = new LiveWar(cluster.node(1), ENVIRONMENT);
            ada.says(leaving, "open ada");
            Socket socket = ada.opens(leaving, Way.CONFIGURED);
            assertThat(socket.asks("set word said")).isEqualTo("ok");

            suspendOthers(cluster, mode);
            long start = System.nanoTime();
            cluster.stop(0);
            Duration taken = Duration.ofNanos(System.nanoTime() - start);
            resumeOthers(cluster, mode);

            System.out.println("store hangs: a node stops after " + taken.toMillis() + " ms, " + mode);
            assertThat(taken).isLessThan(STOP_LIMIT);
            assertThat(socket.close(Duration.ofSeconds(5)).orElseThrow().code()).isEqualTo(1001);
            await().atMost(recovery(mode))
                    .untilAsserted(() ->
                            assertThat(ada.gets(staying.say("get word")).body()).isEqualTo("said"));
        }
        assertSaidWhatWasWrong(cluster);
    }

    @Test
    void aNodeStopsInTimeWhoseServersAreDead() {
        NodeCluster cluster = LiveWar.onNodes("trouble-dead", 1, Mode.CLIENTS);
        try (cluster) {
            Browser ada = cluster.newBrowser();
            ada.says(new LiveWar(cluster.node(0), ENVIRONMENT), "open ada");
            Socket socket = ada.opens(new LiveWar(cluster.node(0), ENVIRONMENT), Way.CONFIGURED);

            cluster.killServers();
            long start = System.nanoTime();
            cluster.stop(0);
            Duration taken = Duration.ofNanos(System.nanoTime() - start);

            System.out.println("store is dead: a node stops after " + taken.toMillis() + " ms");
            assertThat(taken).isLessThan(STOP_LIMIT);
            assertThat(socket.close(Duration.ofSeconds(5)).orElseThrow().code()).isEqualTo(1001);
        }
        assertSaidWhatWasWrong(cluster);
    }

    private static Duration recovery(Mode mode) {
        return mode == Mode.MEMBERS ? RECOVERY_OF_MEMBERS : RECOVERY;
    }

    private static void suspendOthers(NodeCluster cluster, Mode mode) {
        if (mode == Mode.MEMBERS) {
            cluster.suspend(1);
        } else {
            cluster.suspendServers();
        }
    }

    private static void resumeOthers(NodeCluster cluster, Mode mode) {
        if (mode == Mode.MEMBERS) {
            cluster.resume(1);
        } else {
            cluster.resumeServers();
        }
    }

    private static void stop(ExecutorService hand) {
        hand.shutdownNow();
        try {
            assertThat(hand.awaitTermination(15, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void assertSaidWhatWasWrong(NodeCluster cluster) {
        cluster.logs()
                .expecting(":dm[gs]\\.", "the store was in trouble, and who needed it said so")
                .expectingExceptions()
                .passes(List.of("/live-" + ENVIRONMENT));
    }

    /**
     * Has people at work on the first node while something is wrong, and looks on the second one, when it is not, what
     * there is.
     */
    private static List<Answers> workWhile(
            NodeCluster cluster, Mode mode, Duration length, Runnable begin, Runnable end) throws Exception {
        LiveWar here = new LiveWar(cluster.node(0), ENVIRONMENT);
        LiveWar there = new LiveWar(cluster.node(1), ENVIRONMENT);
        Browser ada = cluster.newBrowser();
        Browser bob = cluster.newBrowser();
        ada.says(here, "open ada");
        ada.says(here, "set http 0");
        ada.says(here, "set socket 0");
        bob.says(here, "open bob");
        String cookie = ada.sessionCookie(here.say(""));
        var byRequest = new Written("http");
        var byHandle = new Written("socket");
        try (Socket socket = ada.opens(here, Way.CONFIGURED);
                Socket reader = bob.opens(here, Way.PLAIN);
                var askers = new Askers()) {
            ada.says(there, "get who");
            bob.says(there, "get who");
            begin.run();
            List<Answers> all = askers.ask(Askers.reads(bob, here, "bob"))
                    .ask(Askers.writes(ada, here, byRequest))
                    .ask(Askers.writes(socket, byHandle))
                    .ask(Askers.reads(reader, "bob"))
                    .ask(Askers.upgrades(bob, here))
                    .stopAfter(length);
            end.run();
            long back = System.nanoTime();

            askers.gotNothingWrong("store in trouble: " + ASKERS, all);
            await().atMost(recovery(mode)).untilAsserted(() -> {
                assertThat(ada.gets(there.say("get who")).body()).isEqualTo("ada");
                assertThat(ada.gets(here.say("get who")).body()).isEqualTo("ada");
            });
            System.out.println("store in trouble: served again after "
                    + Duration.ofNanos(System.nanoTime() - back).toMillis() + " ms");
            byRequest.isIn(there, ada);
            byHandle.isIn(there, ada);
            assertThat(bob.says(there, "get who")).isEqualTo("bob");
            assertThat(ada.sessionCookie(here.say(""))).isEqualTo(cookie);
            assertThat(socket.asks("get who")).isEqualTo("ada");
            return all;
        }
    }

    private static void pause(int millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
