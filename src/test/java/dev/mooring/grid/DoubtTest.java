package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoubtTest {
    private static final long BEGUN = -7;

    private final Doubt doubt = new Doubt(BEGUN);

    @Test
    void isOverWhenAllHaveBeenTogetherForAWhile() {
        assertThat(over(true, Duration.ofMillis(1))).isEmpty();
        assertThat(over(true, Doubt.TOGETHER)).isEmpty();
        assertThat(over(true, Doubt.TOGETHER.plusMillis(1))).hasValue("all are together");
    }

    @Test
    void goesOnForAsLongAgainWhenSomebodyWasMissingMeanwhile() {
        assertThat(over(true, Duration.ofSeconds(3))).isEmpty();
        assertThat(over(false, Duration.ofSeconds(4))).isEmpty();
        assertThat(over(true, Duration.ofSeconds(8))).isEmpty();
        assertThat(over(true, Duration.ofSeconds(10))).hasValue("all are together");
    }

    @Test
    void isOverWhenTheOthersHaveBeenAwayForLong() {
        assertThat(over(false, Doubt.LONGEST)).isEmpty();
        assertThat(over(false, Doubt.LONGEST.plusMillis(1))).hasValue("the others are not there");
    }

    private Optional<String> over(boolean together, Duration age) {
        return doubt.over(together, BEGUN + age.toNanos());
    }
}
