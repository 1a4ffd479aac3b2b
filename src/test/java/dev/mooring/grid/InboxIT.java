package dev.mooring.grid;

import static dev.mooring.grid.TestGrids.newKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mooring.grid.Inbox.Hearer;
import dev.mooring.grid.TestGrids.Mode;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.testing.Clean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Who is told what, and when a write counts as finished. */
@ParameterizedClass
@EnumSource
@ExtendWith(Clean.class)
class InboxIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Mode mode;

    InboxIT(Mode mode) {
        this.mode = mode;
    }

    /** Writes as a node does: into the record, then tells the holders that the answer names. */
    private static void write(TestGrids grids, int index, SessionKey key, int value) {
        Outcome outcome = grids.grid(index).sessions().apply(key, grids.set(index, "a" + index, value));
        assertThat(outcome.applied()).isTrue();
        grids.grid(index).inbox().tell(outcome.holders(), Notice.Kind.CHANGED, key, outcome.version());
    }

    private static List<Long> sent(TestGrids grids) {
        return IntStream.range(0, grids.size())
                .mapToObj(i -> grids.grid(i).inbox().sent())
                .toList();
    }

    private static List<Long> received(TestGrids grids) {
        return IntStream.range(0, grids.size())
                .mapToObj(i -> grids.grid(i).inbox().received())
                .toList();
    }

    @Nested
    class AWrite {

        @ParameterizedTest(name = "{1} of {0} nodes hold the session")
        @CsvSource({"2, 2", "3, 1", "3, 2", "5, 5"})
        void tellsTheOtherHoldersAndNobodyElse(int nodes, int holders) {
            int writes = 50;
            try (TestGrids grids = TestGrids.of(mode, nodes)) {
                SessionKey key = newKey();
                grids.create(0, key);
                for (int i = 1; i < holders; i++) {
                    grids.join(i, key);
                }

                for (int i = 0; i < writes; i++) {
                    write(grids, 0, key, i);
                }

                List<Long> expectedSent = new ArrayList<>();
                List<Long> expectedReceived = new ArrayList<>();
                for (int i = 0; i < nodes; i++) {
                    expectedSent.add(i == 0 ? (long) writes * (holders - 1) : 0);
                    expectedReceived.add(i > 0 && i < holders ? (long) writes : 0);
                }
                assertThat(sent(grids)).isEqualTo(expectedSent);
                assertThat(received(grids)).isEqualTo(expectedReceived);
            }
        }

        @Test
        void isFinishedWhenEveryHolderHasHeardOfIt() throws Exception {
            try (TestGrids grids = TestGrids.of(mode, 3)) {
                SessionKey key = newKey();
                grids.create(0, key);
                long[] heard = new long[3];
                for (int i = 0; i < 3; i++) {
                    int index = i;
                    grids.join(i, key);
                    grids.grid(i).inbox().register(key.scope(), notice -> {
                        synchronized (heard) {
                            heard[index] = Math.max(heard[index], notice.version());
                        }
                        return 0;
                    });
                }
                CountDownLatch start = new CountDownLatch(1);
                ExecutorService writers = Executors.newFixedThreadPool(3);

                List<Future<?>> done = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    int index = i;
                    done.add(writers.submit(() -> {
                        start.await();
                        for (int value = 1; value <= 200; value++) {
                            Outcome outcome =
                                    grids.grid(index).sessions().apply(key, grids.set(index, "a" + index, value));
                            grids.grid(index)
                                    .inbox()
                                    .tell(outcome.holders(), Notice.Kind.CHANGED, key, outcome.version());
                            synchronized (heard) {
                                for (int other = 0; other < 3; other++) {
                                    if (other != index) {
                                        assertThat(heard[other]).isGreaterThanOrEqualTo(outcome.version());
                                    }
                                }
                            }
                        }
                        return null;
                    }));
                }
                start.countDown();
                for (Future<?> each : done) {
                    each.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                }
                writers.shutdown();

                assertThat(sent(grids)).containsOnly(400L);
                assertThat(received(grids)).containsOnly(400L);
            }
        }
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class ANotice {

        private TestGrids grids;

        @BeforeAll
        void start() {
            grids = TestGrids.of(mode, 2);
        }

        @AfterAll
        void stop() {
            grids.close();
        }

        private long ask(SessionKey key, long version) {
            return grids.grid(0).inbox().tell(Set.of(grids.node(0), grids.node(1)), Notice.Kind.DUE, key, version);
        }

        @Test
        void isHeardAsItWasSaid() {
            Queue<Notice> heard = new ConcurrentLinkedQueue<>();
            SessionKey key = newKey();
            grids.grid(1).inbox().register(key.scope(), notice -> {
                heard.add(notice);
                return 42;
            });

            long answer = ask(key, 7);

            assertThat(answer).isEqualTo(42);
            assertThat(heard).singleElement().isEqualTo(new Notice(Notice.Kind.DUE, key, 7));
        }

        @Test
        void isHeardByAllHearersOfItsScopeAndTheGreatestAnswerCounts() {
            SessionKey key = newKey();
            grids.grid(1).inbox().register(key.scope(), notice -> 5);
            grids.grid(1).inbox().register(key.scope(), notice -> 9);
            grids.grid(1).inbox().register("other", notice -> 99);

            assertThat(ask(key, 1)).isEqualTo(9);
        }

        @Test
        void isAnsweredWhereNobodyHears() {
            SessionKey key = newKey();
            Hearer hearer = notice -> 5;
            grids.grid(1).inbox().register(key.scope(), hearer);
            grids.grid(1).inbox().unregister(key.scope(), hearer);
            long received = grids.grid(1).inbox().received();

            assertThat(ask(key, 1)).isZero();
            assertThat(grids.grid(1).inbox().received()).isEqualTo(received + 1);
        }

        @Test
        void isNotSentToItsSender() {
            Queue<Notice> heard = new ConcurrentLinkedQueue<>();
            SessionKey key = newKey();
            grids.grid(0).inbox().register(key.scope(), notice -> {
                heard.add(notice);
                return 42;
            });

            ask(key, 1);

            assertThat(heard).isEmpty();
        }

        @Test
        void toNobodyIsNotSent() {
            List<Long> before = sent(grids);

            long answer = grids.grid(0).inbox().tell(Set.of(grids.node(0)), Notice.Kind.CHANGED, newKey(), 1);
            long gone = grids.grid(0).inbox().tell(Set.of("nobody"), Notice.Kind.CHANGED, newKey(), 1);

            assertThat(answer).isEqualTo(Long.MIN_VALUE);
            assertThat(gone).isEqualTo(Long.MIN_VALUE);
            assertThat(sent(grids)).isEqualTo(before);
        }

        @Test
        void isAnsweredToAnInterruptedThreadWhichStaysInterrupted() {
            SessionKey key = newKey();
            grids.grid(1).inbox().register(key.scope(), notice -> 5);

            Thread.currentThread().interrupt();
            long answer = ask(key, 1);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(answer).isEqualTo(5);
        }

        @Test
        void withoutAClusterIsAnErrorThatNamesNoId() {
            SessionKey key = newKey();
            try (TestGrids lost = TestGrids.of(mode, 2)) {
                lost.kill(0);

                assertThatExceptionOfType(StoreUnavailableException.class)
                        .isThrownBy(() -> lost.grid(0).inbox().tell(Set.of(lost.node(1)), Notice.Kind.CHANGED, key, 1))
                        .withMessageNotContaining(key.name());
            }
        }
    }
}
