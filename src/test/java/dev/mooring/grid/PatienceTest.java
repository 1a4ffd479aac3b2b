package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PatienceTest {
    private static final Duration CALL = Duration.ofSeconds(4);
    private static final Duration ALL = Duration.ofMillis(4_500);

    /** Time goes on while a test runs. */
    private static final Duration MOMENT = Duration.ofSeconds(1);

    @Test
    void withoutOneEachCallHasItsOwnLimit() {
        assertLeft(CALL);
    }

    @Test
    void whatWasWaitedBeforeCounts() {
        try (Patience ignored = Patience.begin(Duration.ofSeconds(3))) {
            assertLeft(ALL.minusSeconds(3));
        }
        assertLeft(CALL);
    }

    @Test
    void theFirstOneCounts() {
        try (Patience ignored = Patience.begin(Duration.ofSeconds(4))) {
            try (Patience inner = Patience.begin(Duration.ZERO)) {
                assertLeft(ALL.minusSeconds(4));
            }
            assertLeft(ALL.minusSeconds(4));
        }
        assertLeft(CALL);
    }

    @Test
    void whoHasWaitedTooLongWaitsNoMore() {
        try (Patience ignored = Patience.begin(Duration.ofSeconds(60))) {
            assertThat(left()).isNegative();
        }
    }

    @Test
    void whatIsNotCountedHasLimitsOfItsOwnAndTakesNothingAway() {
        try (Patience ignored = Patience.begin(Duration.ofMillis(2_500))) {
            long before = Patience.end(Duration.ofMinutes(1));
            Patience.uncounted(() -> {
                assertLeft(CALL);
                try (Patience inner = Patience.begin(Duration.ofSeconds(1))) {
                    assertLeft(ALL.minusSeconds(1));
                }
                assertLeft(CALL);
            });
            assertThat(Patience.end(Duration.ofMinutes(1))).isGreaterThan(before);
            assertLeft(Duration.ofSeconds(2));
        }
        assertLeft(CALL);
    }

    @Test
    void countsAgainAfterWhatIsNotCountedHasFailed() {
        try (Patience ignored = Patience.begin(Duration.ofMillis(2_500))) {
            assertThatThrownBy(() -> Patience.uncounted(() -> {
                        throw new UnsupportedOperationException();
                    }))
                    .isInstanceOf(UnsupportedOperationException.class);
            assertLeft(Duration.ofSeconds(2));
        }
    }

    private static void assertLeft(Duration expected) {
        assertThat(left()).isBetween(expected.minus(MOMENT), expected);
    }

    private static Duration left() {
        long begun = System.nanoTime();
        return Duration.ofNanos(Patience.end(CALL) - begun).minusNanos(System.nanoTime() - begun);
    }
}
