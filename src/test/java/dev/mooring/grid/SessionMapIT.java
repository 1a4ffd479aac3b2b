package dev.mooring.grid;

import static dev.mooring.grid.TestGrids.MAX_INACTIVE_MS;
import static dev.mooring.grid.TestGrids.SLACK_MS;
import static dev.mooring.grid.TestGrids.newKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.mooring.grid.TestGrids.Mode;
import dev.mooring.model.Attribute;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.testing.Clean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource
@ExtendWith(Clean.class)
class SessionMapIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Mode mode;

    SessionMapIT(Mode mode) {
        this.mode = mode;
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class OnTwoNodes {

        private TestGrids grids;

        @BeforeAll
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterAll
        void stop() {
            grids.close();
        }

        private SessionKey created() {
            SessionKey key = newKey();
            assertThat(grids.create(0, key).applied()).isTrue();
            return key;
        }

        private Outcome apply(int index, SessionKey key, Change change) {
            return grids.grid(index).sessions().apply(key, change);
        }

        private SessionRecord record(SessionKey key) {
            SessionRecord seen = grids.records(0).get(key.path());
            assertThat(seen).isNotNull().isEqualTo(grids.records(1).get(key.path()));
            return seen;
        }

        private Change.Delta interval(int index, Long maxInactiveMs) {
            Change.Delta delta = grids.set(index, "any", 1);
            return new Change.Delta(
                    delta.node(),
                    1,
                    delta.operation(),
                    false,
                    delta.times(),
                    null,
                    maxInactiveMs,
                    Map.of(),
                    Set.of(),
                    Set.of());
        }

        private Change.Claim claim(int index, Long dueAt) {
            return new Change.Claim(
                    grids.node(index), EndCause.EXPIRED, dueAt, Set.of(grids.node(0), grids.node(1)), grids.times(), 0);
        }

        private void assertTimeToLive(SessionKey key, long expectedMs) {
            // A client gives it a moment after the write.
            await().atMost(LIMIT).untilAsserted(() -> {
                for (int i = 0; i < grids.size(); i++) {
                    assertThat(grids.records(i).getEntryView(key.path()).getTtl())
                            .isEqualTo(expectedMs);
                }
            });
        }

        @Test
        void whatOneWritesTheOtherReads() {
            SessionKey key = created();
            apply(0, key, grids.set(0, "a", 1));
            apply(1, key, grids.set(1, "b", 2));

            SessionRecord view = grids.join(0, key).requireView();

            assertThat(view.attributes()).containsOnlyKeys("a", "b");
            assertThat(view.attributes().get("b").bytes()).containsExactly(2, 0);
            assertThat(view.version()).isEqualTo(3);
            assertThat(view).isEqualTo(record(key));
        }

        @Test
        void changesOfManySessionsAreAppliedEachForItself() {
            List<SessionKey> keys = Stream.generate(this::created).limit(250).toList();
            Map<SessionKey, Change> changes = new HashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                changes.put(keys.get(i), grids.set(1, "a", i));
            }
            SessionKey absent = newKey();
            changes.put(absent, new Change.Touch(grids.times()));

            Map<SessionKey, Outcome> outcomes = grids.grid(1).sessions().applyAll(changes, Map.of());

            assertThat(outcomes).containsOnlyKeys(changes.keySet());
            assertThat(outcomes.remove(absent).result()).isEqualTo(Outcome.Result.ABSENT);
            assertThat(outcomes.values())
                    .allSatisfy(outcome ->
                            assertThat(outcome.holders()).containsExactlyInAnyOrder(grids.node(0), grids.node(1)));
            for (int i = 0; i < keys.size(); i++) {
                assertThat(record(keys.get(i)).attributes().get("a").bytes())
                        .containsExactly((byte) i, (byte) (i >> 8));
            }
            assertThat(grids.grid(0).sessions().applyAll(Map.of(), Map.of())).isEmpty();
        }

        /** One has changed since, one has ended, one was refused by what was read and is not by what is there. */
        @Test
        void whatWasReadAheadIsNotBelieved() {
            SessionKey same = created();
            SessionKey changed = created();
            SessionKey ended = created();
            SessionKey limited = created();
            SessionMap sessions = grids.grid(1).sessions();
            long due = grids.grid(0).clusterTime() + MAX_INACTIVE_MS / 2;
            Map<SessionKey, SessionRecord> ahead = sessions.readAhead(Set.of(same, changed, ended, limited, newKey()));
            apply(0, changed, grids.set(0, "a", 1));
            apply(0, ended, claim(grids.node(0), null));
            apply(0, limited, limit(MAX_INACTIVE_MS / 4));

            Map<SessionKey, Outcome> outcomes = sessions.applyAll(
                    Map.of(
                            same, claim(grids.node(1), null),
                            changed, claim(grids.node(1), null),
                            ended, claim(grids.node(1), null),
                            limited, claim(grids.node(1), due)),
                    ahead);

            assertThat(outcomes.get(same).applied()).isTrue();
            assertThat(outcomes.get(changed).applied()).isTrue();
            assertThat(outcomes.get(changed).requireView().attributes()).containsOnlyKeys("a");
            assertThat(outcomes.get(ended).result()).isEqualTo(Outcome.Result.ENDED);
            assertThat(record(ended).endingNode()).isEqualTo(grids.node(0));
            assertThat(outcomes.get(limited).applied()).isTrue();
        }

        private Change claim(String node, Long dueAt) {
            return new Change.Claim(
                    node, EndCause.EXPIRED, dueAt, Set.of(grids.node(0), grids.node(1)), Times.UNKNOWN, 0);
        }

        private Change limit(long maxInactiveMs) {
            return new Change.Delta(
                    grids.node(0),
                    1,
                    Long.MAX_VALUE,
                    false,
                    Times.UNKNOWN,
                    null,
                    maxInactiveMs,
                    Map.of(),
                    Set.of(),
                    Set.of());
        }

        @Test
        void everyKindOfChangeArrivesWhole() {
            SessionKey key = created();
            Times times = new Times(1, Long.MAX_VALUE - 4, 3, 4, 5);
            Change.Delta all = new Change.Delta(
                    "ä€𝄞",
                    7,
                    8,
                    false,
                    times,
                    "new id",
                    5_000L,
                    Map.of("", new byte[0], "big", new byte[200_000]),
                    Set.of("gone"),
                    Set.of(grids.node(0)));
            SessionRecord before = record(key);

            Outcome outcome = apply(1, key, all);

            assertThat(record(key)).isEqualTo(all.applyTo(before).next());
            assertThat(outcome).isEqualTo(all.applyTo(before).outcome());
            assertThat(outcome.previousId()).isEqualTo(key.name());
        }

        @Test
        void whatIsNotThereIsNotMade() {
            SessionKey key = newKey();

            for (Change change : List.of(
                    grids.set(0, "a", 1),
                    new Change.Join("n", 1, 0, null),
                    new Change.Leave("n", 1, new Times(1, 2, 3, 4, 5), true),
                    new Change.Touch(grids.times()),
                    claim(0, null),
                    new Change.End("n"))) {
                assertThat(apply(1, key, change).result()).isEqualTo(Outcome.Result.ABSENT);
            }
            assertThat(grids.records(0).containsKey(key.path())).isFalse();
        }

        @Test
        void theTimeToLiveIsThereAfterEveryKindOfChange() {
            SessionKey key = created();
            long usual = MAX_INACTIVE_MS + SLACK_MS;
            assertTimeToLive(key, usual);
            List<Change> changes = List.of(
                    grids.set(0, "a", 1),
                    grids.set(1, "a", 2),
                    new Change.Join("n", 1, 0, null),
                    new Change.Leave("n", 1, new Times(1, 2, 3, 4, 5), true),
                    new Change.Touch(new Times(1, 2, 3, Long.MAX_VALUE / 2, 5)),
                    claim(1, 1L),
                    claim(1, null));

            for (int i = 0; i < changes.size(); i++) {
                apply(i % 2, key, changes.get(i));

                assertTimeToLive(key, usual);
            }
            apply(0, key, new Change.End(grids.node(1)));
            assertTimeToLive(key, 600_000);
        }

        @Test
        void theTimeToLiveFollowsTheInterval() {
            SessionKey key = created();

            apply(0, key, interval(0, 5_000L));
            assertTimeToLive(key, 5_000 + SLACK_MS);
            apply(1, key, interval(1, 7_000L));
            assertTimeToLive(key, 7_000 + SLACK_MS);
        }

        @Test
        void whatNeverExpiresStays() {
            for (long interval : new long[] {-1, 0}) {
                SessionKey key = created();

                apply(1, key, interval(1, interval));

                assertTimeToLive(key, Long.MAX_VALUE);
            }
        }

        @Test
        void theLongestIntervalIsNoOverflow() {
            SessionKey key = created();

            apply(0, key, interval(0, Integer.MAX_VALUE * 1_000L));

            await().during(Duration.ofSeconds(1))
                    .atMost(LIMIT)
                    .until(() -> grids.records(1).getEntryView(key.path()).getTtl() > TimeUnit.DAYS.toMillis(365));
            assertThat(record(key).maxInactiveMs()).isEqualTo(Integer.MAX_VALUE * 1_000L);
        }

        @Test
        void aChangeRunTwiceCountsOnce() {
            SessionKey key = created();
            Change.Delta delta = grids.set(1, "a", 1);
            Outcome first = apply(1, key, delta);
            apply(0, key, grids.set(0, "a", 2));
            SessionRecord before = record(key);

            Outcome again = apply(1, key, delta);

            assertThat(first.base()).isEqualTo(1);
            assertThat(again.applied()).isTrue();
            assertThat(again.base()).isEqualTo(-1);
            assertThat(again.version()).isEqualTo(3);
            assertThat(record(key)).isEqualTo(before);
        }

        @Test
        void oneClaimWinsAndNothingComesBack() {
            SessionKey key = created();

            Outcome won = apply(1, key, claim(1, null));
            Outcome lost = apply(0, key, claim(0, null));
            Outcome again = apply(1, key, claim(1, null));
            Outcome write = apply(0, key, grids.set(0, "a", 1));

            assertThat(won.applied()).isTrue();
            assertThat(lost.result()).isEqualTo(Outcome.Result.ENDED);
            assertThat(again.applied()).isTrue();
            assertThat(write.result()).isEqualTo(Outcome.Result.ENDED);
            assertThat(record(key).state()).isEqualTo(SessionRecord.State.ENDING);
        }

        @Test
        void anotherIdIsFoundUntilItIsDropped() {
            SessionKey key = newKey();
            SessionKey id = key.named("another id");
            Aliases aliases = grids.grid(0).aliases();

            aliases.put(id, key, 60_000);

            assertThat(grids.grid(1).aliases().resolve(id)).contains(key);
            assertThat(grids.grid(1).aliases().resolve(key)).isEqualTo(Optional.empty());
            assertThat(grids.hazelcast(1)
                            .getMap(TestGrids.MAP + "-ids")
                            .getEntryView(id.path())
                            .getTtl())
                    .isEqualTo(60_000);
            grids.grid(1).aliases().drop(id);
            grids.grid(1).aliases().drop(id);
            assertThat(aliases.resolve(id)).isEmpty();
        }

        @Test
        void manyWritersOfDifferentAttributesLoseNothing() throws Exception {
            SessionKey key = created();
            int writers = 8;
            int writes = 250;
            CountDownLatch start = new CountDownLatch(1);
            ExecutorService threads = Executors.newFixedThreadPool(writers);
            List<Future<?>> done = new ArrayList<>();
            for (int writer = 0; writer < writers; writer++) {
                String name = "attribute" + writer;
                int index = writer % grids.size();
                // Each writer is a node of its own to the record, since one node sends one change at a time.
                String node = "writer" + writer;
                done.add(threads.submit(() -> {
                    start.await();
                    for (int i = 1; i <= writes; i++) {
                        Change.Delta delta = new Change.Delta(
                                node,
                                1,
                                i,
                                false,
                                grids.times(),
                                null,
                                null,
                                Map.of(name, new byte[] {(byte) i}),
                                Set.of(),
                                Set.of());
                        assertThat(apply(index, key, delta).applied()).isTrue();
                    }
                    return null;
                }));
            }

            start.countDown();
            for (Future<?> each : done) {
                each.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            threads.shutdown();

            SessionRecord record = record(key);
            assertThat(record.version()).isEqualTo(1 + writers * writes);
            assertThat(record.attributes()).hasSize(writers);
            assertThat(record.attributes().values())
                    .extracting(Attribute::bytes)
                    .allSatisfy(bytes -> assertThat(bytes).containsExactly((byte) writes));
        }
    }

    @Nested
    class AfterANodeWasKilled {

        @Test
        void noFinishedWriteIsLost() {
            try (TestGrids grids = TestGrids.of(mode, 3)) {
                List<SessionKey> keys =
                        IntStream.range(0, 200).mapToObj(i -> newKey()).toList();
                for (SessionKey key : keys) {
                    grids.create(0, key);
                    assertThat(grids.grid(0)
                                    .sessions()
                                    .apply(key, grids.set(0, "a", 300))
                                    .applied())
                            .isTrue();
                }

                grids.kill(0);

                for (SessionKey key : keys) {
                    SessionRecord view = grids.join(1, key).requireView();
                    assertThat(view.version()).isEqualTo(2);
                    assertThat(view.attributes().get("a").bytes()).containsExactly(44, 1);
                }
                // A client that is killed between a write and its time to live leaves that to the next change.
                await().atMost(LIMIT)
                        .untilAsserted(() -> assertThat(keys)
                                .extracting(key -> grids.records(2)
                                        .getEntryView(key.path())
                                        .getTtl())
                                .containsOnly(MAX_INACTIVE_MS + SLACK_MS));
            }
        }
    }

    @Nested
    class WithoutItsCluster {

        @Test
        void everyCallSaysThatTheStoreIsUnavailable() {
            try (TestGrids grids = TestGrids.of(mode, 1)) {
                SessionKey key = newKey();
                grids.create(0, key);
                SessionMap sessions = grids.grid(0).sessions();
                Aliases aliases = grids.grid(0).aliases();
                Change.Delta change = grids.set(0, "a", 1);

                grids.kill(0);

                assertThatExceptionOfType(StoreUnavailableException.class)
                        .isThrownBy(() -> sessions.apply(key, change))
                        .withMessageContaining("session store")
                        .withMessageContaining(grids.cluster())
                        .withMessageNotContaining(key.name());
                assertThatExceptionOfType(StoreUnavailableException.class)
                        .isThrownBy(() -> sessions.applyAll(Map.of(key, change), Map.of()))
                        .withMessageNotContaining(key.name());
                assertThatExceptionOfType(StoreUnavailableException.class)
                        .isThrownBy(() -> aliases.resolve(key))
                        .withMessageNotContaining(key.name());
                assertThatExceptionOfType(StoreUnavailableException.class).isThrownBy(() -> aliases.put(key, key, 1));
                assertThatExceptionOfType(StoreUnavailableException.class).isThrownBy(() -> aliases.drop(key));
                await().atMost(LIMIT)
                        .untilAsserted(() -> assertThat(grids.grid(0).lease().epoch())
                                .as("the lease")
                                .isEqualTo(Lease.LAPSED));
            }
        }
    }
}
