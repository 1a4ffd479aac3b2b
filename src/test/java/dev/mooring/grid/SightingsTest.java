package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SightingsTest {
    private static final String A = "a";

    private final Sightings sightings = new Sightings();
    private final NodeRow row = new NodeRow(1, 0, false);
    private long now = Long.MAX_VALUE - Duration.ofSeconds(5).toNanos();

    private Sightings.Look look(Duration later, Map<String, NodeRow> rows) {
        now += later.toNanos();
        return sightings.look(rows, now);
    }

    private Sightings.Look lookEverySecond(int seconds, NodeRow found) {
        Sightings.Look look = look(Duration.ofSeconds(1), Map.of(A, found));
        for (int i = 1; i < seconds; i++) {
            look = look(Duration.ofSeconds(1), Map.of(A, found));
        }
        return look;
    }

    @Test
    void aNodeJoinsReturnsAndLeaves() {
        assertThat(look(Duration.ZERO, Map.of(A, row)).joined()).containsExactly(A);
        assertThat(look(Duration.ofSeconds(1), Map.of(A, row.renewed())).joined())
                .isEmpty();
        assertThat(look(Duration.ofSeconds(1), Map.of(A, row.renewed().nextEpoch()))
                        .returned())
                .containsExactly(A);
        assertThat(look(Duration.ofSeconds(1), Map.of()).left()).containsExactly(A);
        assertThat(look(Duration.ofSeconds(1), Map.of()).left()).isEmpty();
        assertThat(look(Duration.ofSeconds(1), Map.of(A, row)).joined()).containsExactly(A);
    }

    @Test
    void aNodeThatWasAwayReturnsAlsoWhereItWasForgottenMeanwhile() {
        look(Duration.ZERO, Map.of(A, row));
        look(Duration.ofSeconds(1), Map.of());

        Sightings.Look look = look(Duration.ofMinutes(1), Map.of(A, row.nextEpoch()));

        assertThat(look.joined()).containsExactly(A);
        assertThat(look.returned()).containsExactly(A);
    }

    @Test
    void aRowThatDoesNotChangeForTenSecondsIsDead() {
        look(Duration.ZERO, Map.of(A, row));

        assertThat(lookEverySecond(10, row).dead()).isEmpty();
        assertThat(look(Duration.ofMillis(1), Map.of(A, row)).dead()).containsExactly(Map.entry(A, row));
    }

    @Test
    void aRowThatChangesIsNotDead() {
        look(Duration.ZERO, Map.of(A, row));
        lookEverySecond(9, row);

        assertThat(lookEverySecond(10, row.renewed()).dead()).isEmpty();
    }

    @Test
    void timeInWhichNobodyCouldLookIsNoSilence() {
        look(Duration.ZERO, Map.of(A, row));

        assertThat(look(Duration.ofMinutes(1), Map.of(A, row)).dead()).isEmpty();
        assertThat(lookEverySecond(8, row).dead()).isEmpty();
        assertThat(look(Duration.ofSeconds(1), Map.of(A, row)).dead()).containsKey(A);
    }
}
