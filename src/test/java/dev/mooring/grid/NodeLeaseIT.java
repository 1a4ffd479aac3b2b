package dev.mooring.grid;

import static dev.mooring.grid.TestGrids.newKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.map.LocalMapStats;
import dev.mooring.grid.TestGrids.Mode;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.testing.Clean;
import dev.mooring.testing.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** For how long a node trusts its copies, and what its peers do about one that is silent, gone, or back. */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
@ExtendWith(Clean.class)
class NodeLeaseIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** What a writer waits for a silent node: for its answer, then for its lease to run out. */
    private static final Duration WAIT = NodeLease.TERM.multipliedBy(2);

    private final Mode mode;
    private TestGrids grids;

    NodeLeaseIT(Mode mode) {
        this.mode = mode;
    }

    private NodeLease lease(int index) {
        return grids.grid(index).lease();
    }

    private Peers peers(int index) {
        return grids.grid(index).peers();
    }

    private void tell(String holder) {
        grids.grid(0).inbox().tell(Set.of(holder), Notice.Kind.CHANGED, newKey(), 1);
    }

    /** Changes the row of node 0 from node 1, which races with its renewals. */
    private void overwriteRow(UnaryOperator<NodeRow> change) {
        IMap<String, NodeRow> rows = grids.rows(1);
        await().atMost(LIMIT).until(() -> {
            NodeRow found = rows.get(grids.node(0));
            return found != null && rows.replace(grids.node(0), found, change.apply(found));
        });
    }

    private void awaitNewEpoch(int index, long former) {
        await().atMost(LIMIT).until(() -> lease(index).epoch() > former);
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class AReader {

        @BeforeAll
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterAll
        void stop() {
            grids.close();
        }

        @Test
        void whoLooksAtTheLeaseAsksNobody() {
            grids.create(0, newKey());
            long before = operations();
            long epoch = lease(0).epoch();

            for (int i = 0; i < 10_000; i++) {
                assertThat(lease(0).epoch()).isIn(epoch, Lease.LAPSED);
            }

            assertThat(operations()).isEqualTo(before);
        }

        private long operations() {
            long operations = 0;
            for (HazelcastInstance member : grids.members()) {
                for (String map : List.of(TestGrids.MAP, TestGrids.MAP + "-ids")) {
                    LocalMapStats stats = member.getMap(map).getLocalMapStats();
                    operations += stats.total() + stats.getOtherOperationCount();
                }
            }
            return operations;
        }

        @Test
        void keepsItsEpochWhileTheNodeRenewsItsRow() {
            long epoch = lease(0).epoch();

            await().during(NodeLease.TERM.multipliedBy(3)).atMost(LIMIT).until(() -> lease(0).epoch() == epoch);
        }

        /** As after a split of the cluster that was so long that each side has forgotten the nodes of the other. */
        @Test
        void takesANewEpochWhenANodeIsSeenForTheFirstTimeThatWasAway() {
            long former = lease(0).epoch();

            grids.rows(1).set("away", new NodeRow(NodeRow.FIRST_EPOCH + 1, 0, false));

            awaitNewEpoch(0, former);
            long met = lease(0).epoch();
            grids.rows(1).delete("away");
            awaitNewEpoch(0, met);
        }
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class ANodeThatWasGivenUp {

        @BeforeAll
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterAll
        void stop() {
            grids.close();
        }

        @Test
        void takesANewEpochWhenItMeetsTheFence() {
            long former = lease(0).epoch();
            long rowEpoch = grids.rows(0).get(grids.node(0)).epoch();

            overwriteRow(NodeRow::fence);

            awaitNewEpoch(0, former);
            NodeRow row = grids.rows(1).get(grids.node(0));
            assertThat(row.fenced()).isFalse();
            assertThat(row.epoch()).isEqualTo(rowEpoch + 1);
        }

        @Test
        void takesANewEpochWhenItsRowIsGone() {
            long former = lease(0).epoch();

            grids.rows(1).delete(grids.node(0));

            awaitNewEpoch(0, former);
            assertThat(grids.rows(1).get(grids.node(0)).fenced()).isFalse();
        }

        /** It had come back, but the answer to that was lost: the row is of a later epoch than the node knows. */
        @Test
        void takesANewEpochWhenItsReturnWasNotConfirmed() {
            long former = lease(0).epoch();

            overwriteRow(NodeRow::nextEpoch);

            awaitNewEpoch(0, former);
        }

        @Test
        void keepsItsEpochWhenOnlyARenewalWasNotConfirmed() {
            long former = lease(0).epoch();

            overwriteRow(NodeRow::renewed);

            await().during(NodeLease.TERM.multipliedBy(2)).atMost(LIMIT).until(() -> lease(0).epoch() == former);
        }

        @Test
        void isToldAgainOnceItIsBack() {
            SessionKey key = newKey();
            grids.grid(0).inbox().register(key.scope(), notice -> 42);
            long former = lease(0).epoch();
            // As where node 1 takes it for dead and cleans up after it; in this order, since it may be back at once.
            grids.grid(1).inbox().forget(grids.node(0));
            grids.rows(1).delete(grids.node(0));
            awaitNewEpoch(0, former);

            long answer = grids.grid(1).inbox().tell(Set.of(grids.node(0)), Notice.Kind.DUE, key, 1);

            assertThat(answer).isEqualTo(42);
            assertThat(grids.rows(1).get(grids.node(0)).fenced()).isFalse();
        }

        @Test
        void isToldAgainWhereOthersCleanUpAfterItWhenItHasListenedAnew() {
            SessionKey key = newKey();
            grids.grid(0).inbox().register(key.scope(), notice -> 42);
            long former = lease(0).epoch();
            var cleaned = new AtomicBoolean();
            lease(0).onBack(() -> {
                grids.grid(0).inbox().listen();
                if (!cleaned.getAndSet(true)) {
                    grids.grid(1).inbox().forget(grids.node(0));
                }
            });

            grids.rows(1).delete(grids.node(0));

            awaitNewEpoch(0, former);
            assertThat(grids.grid(1).inbox().tell(Set.of(grids.node(0)), Notice.Kind.DUE, key, 1))
                    .isEqualTo(42);
            assertThat(grids.rows(1).get(grids.node(0)).fenced()).isFalse();
        }

        @Test
        void cannotComeBackWhileOthersCleanUpAfterIt() {
            NodeRow row = new NodeRow(NodeRow.FIRST_EPOCH, 0, false);
            grids.rows(0).set("away", row);
            await().atMost(LIMIT).until(() -> peers(1).isKnown("away"));
            var cleaned = new AtomicLong();
            var back = new AtomicLong();
            peers(1).onGone(gone -> {
                peers(1).onGone(grids.grid(1).inbox()::forget);
                CompletableFuture.runAsync(() -> {
                    grids.rows(0).putIfAbsent("away", row.nextEpoch());
                    back.set(System.nanoTime());
                });
                LockSupport.parkNanos(NodeLease.RENEWAL.toNanos());
                cleaned.set(System.nanoTime());
            });

            grids.rows(0).delete("away");

            await().atMost(LIMIT).until(() -> back.get() != 0);
            assertThat(cleaned.get()).isNotZero().isLessThan(back.get());
            grids.rows(0).delete("away");
        }
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class AWriterWhoHearsNothing {

        /** A node that has a row, but no inbox. */
        private String silent;

        private long sentBefore;

        @BeforeAll
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterAll
        void stop() {
            grids.close();
        }

        @BeforeEach
        void nodeWithoutInbox() {
            silent = "silent-" + UUID.randomUUID();
            grids.rows(0).set(silent, new NodeRow(1, 0, false));
            sentBefore = grids.grid(0).inbox().sent();
        }

        @AfterEach
        void noRow() {
            grids.rows(0).delete(silent);
        }

        private long sent() {
            return grids.grid(0).inbox().sent() - sentBefore;
        }

        @Test
        void waitsForTheLeaseToRunOutAndThenNeverAgain() {
            Duration first = Timing.of(() -> tell(silent));
            Duration later = Timing.ofTheShortest(() -> tell(silent));

            assertThat(first).isBetween(WAIT, WAIT.multipliedBy(3));
            assertThat(later).isLessThan(NodeLease.TERM);
            assertThat(grids.rows(1).get(silent)).isEqualTo(new NodeRow(1, 0, true));
            assertThat(sent()).isEqualTo(1);
        }

        @Test
        void tellsTheNodeAgainWhenItIsBack() {
            tell(silent);
            grids.rows(1).set(silent, new NodeRow(2, 0, false));

            Duration again = Timing.of(() -> tell(silent));

            assertThat(again).isGreaterThanOrEqualTo(WAIT);
            assertThat(sent()).isEqualTo(2);
            assertThat(grids.rows(1).get(silent)).isEqualTo(new NodeRow(2, 0, true));
        }

        @Test
        void waitsOnceTogetherWithAllOthers() throws Exception {
            int writers = 8;
            CountDownLatch start = new CountDownLatch(1);
            ExecutorService threads = Executors.newFixedThreadPool(writers);
            List<Future<Duration>> waited = new ArrayList<>();
            long started = System.nanoTime();
            for (int i = 0; i < writers; i++) {
                waited.add(threads.submit(() -> {
                    start.await();
                    tell(silent);
                    // One that comes a moment later than the first waits a moment less.
                    return Duration.ofNanos(System.nanoTime() - started);
                }));
            }

            start.countDown();

            for (Future<Duration> each : waited) {
                assertThat(each.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isBetween(WAIT, WAIT.multipliedBy(3));
            }
            threads.shutdown();
        }

        @Test
        void waitsOnceForSeveralSilentNodes() {
            Set<String> several =
                    IntStream.range(0, 8).mapToObj(i -> silent + "-" + i).collect(Collectors.toSet());
            several.forEach(node -> grids.rows(0).set(node, new NodeRow(1, 0, false)));

            // One after the other would take as many terms as there are nodes, and one more.
            assertThat(Timing.of(() -> grids.grid(0).inbox().tell(several, Notice.Kind.CHANGED, newKey(), 1)))
                    .isBetween(WAIT, NodeLease.TERM.multipliedBy(several.size()));

            assertThat(several)
                    .allSatisfy(
                            node -> assertThat(grids.rows(1).get(node).fenced()).isTrue());
            several.forEach(node -> grids.rows(0).delete(node));
        }

        @Test
        void onAnotherNodeWaitsForItself() {
            tell(silent);

            Duration other =
                    Timing.of(() -> grids.grid(1).inbox().tell(Set.of(silent), Notice.Kind.CHANGED, newKey(), 1));

            // It cannot know how long the mark has been there, so it waits like the first one, once.
            assertThat(other).isBetween(WAIT, WAIT.multipliedBy(3));
            assertThat(Timing.ofTheShortest(
                            () -> grids.grid(1).inbox().tell(Set.of(silent), Notice.Kind.CHANGED, newKey(), 1)))
                    .isLessThan(NodeLease.TERM);
        }

        @Test
        void forgetsANodeThatHasGoneMeanwhile() {
            assertThat(peers(0).standing(silent)).isEqualTo(Peers.Standing.ALIVE);
            grids.rows(1).delete(silent);

            tell(silent);
            long sent = sent();
            Duration later = Timing.ofTheShortest(() -> tell(silent));

            assertThat(peers(0).standing(silent)).isEqualTo(Peers.Standing.GONE);
            assertThat(later).isLessThan(NodeLease.TERM);
            assertThat(sent()).isEqualTo(sent);
        }
    }

    @Nested
    class ANodeThatIsGone {

        @BeforeEach
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterEach
        void stop() {
            grids.close();
        }

        @Test
        void knowsNothingOfItsCopiesWithoutTheCluster() {
            grids.kill(0);

            await().atMost(LIMIT).until(() -> lease(0).epoch() == Lease.LAPSED);
        }

        @Test
        void leavesNoRowAndNoInboxWhenItStops() {
            SessionKey key = newKey();
            grids.create(0, key);
            grids.join(1, key);
            String inbox = TestGrids.MAP + "-inbox-" + grids.node(1);
            tell(grids.node(1));
            assertThat(grids.inboxes(0)).contains(inbox);
            long former = lease(0).epoch();

            grids.grid(1).stop();

            assertThat(grids.rows(0).containsKey(grids.node(1))).isFalse();
            awaitNewEpoch(0, former);
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(grids.inboxes(0)).doesNotContain(inbox));
            assertThat(grids.rows(0).keySet()).containsExactly(grids.node(0));
            assertThat(peers(0).nodes()).isEqualTo(1);
            assertThat(Timing.ofTheShortest(() -> tell(grids.node(1)))).isLessThan(NodeLease.TERM);
        }

        @Test
        void isTakenForDeadAndEverySurvivorStartsANewEpoch() {
            long[] former = {lease(0).epoch(), lease(1).epoch()};
            long[] rows = {rowEpoch(0), rowEpoch(1)};
            grids.hazelcast(0).getTopic(TestGrids.MAP + "-inbox-dead");
            grids.rows(0).set("dead", new NodeRow(1, 0, false));
            await().atMost(LIMIT).until(() -> peers(0).nodes() == 3 && peers(1).nodes() == 3);

            await().atMost(Peers.DEATH.plus(LIMIT)).until(() -> !grids.rows(1).containsKey("dead"));

            awaitNewEpoch(0, former[0]);
            awaitNewEpoch(1, former[1]);
            await().atMost(LIMIT)
                    .until(() ->
                            grids.inboxes(0).size() == 2 && grids.inboxes(1).size() == 2);
            assertThat(grids.rows(0).keySet()).containsExactlyInAnyOrder(grids.node(0), grids.node(1));
            assertThat(new long[] {rowEpoch(0), rowEpoch(1)}).isEqualTo(rows);
            assertThat(peers(0).nodes()).isEqualTo(2);
            assertThat(peers(1).nodes()).isEqualTo(2);
        }

        @Test
        void isNoLongerWaitedForAfterItWasKilled() {
            String killed = grids.node(1);
            tell(killed);

            grids.kill(1);

            assertThat(Timing.of(() -> tell(killed))).isLessThan(WAIT.multipliedBy(5));
            assertThat(Timing.ofTheShortest(() -> tell(killed))).isLessThan(NodeLease.TERM);
        }

        private long rowEpoch(int index) {
            return grids.rows(0).get(grids.node(index)).epoch();
        }
    }
}
