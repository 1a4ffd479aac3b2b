package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CellTest {
    private final Cell cell = new Cell("name");

    @Test
    void aReadMaySeeWhatWasFinishedBeforeItOrWhatIsOnItsWay() {
        cell.finish(cell.issue());
        cell.finish(cell.issue());
        cell.issue();

        assertThat(cell.finished()).isEqualTo(2);
        assertThat(cell.admits("1", 2)).isFalse();
        assertThat(cell.admits("2", 2)).isTrue();
        assertThat(cell.admits("3", 2)).isTrue();
    }

    @Test
    void aReadNeverSeesWhatNobodyHasWritten() {
        cell.finish(cell.issue());

        assertThat(cell.admits("2", 1)).isFalse();
        assertThat(cell.admits("null", 1)).isFalse();
        assertThat(cell.admits("anything", 1)).isFalse();
    }

    @Test
    void aReadBeforeTheFirstWriteIsFinishedMaySeeNothing() {
        cell.issue();

        assertThat(cell.admits("null", 0)).isTrue();
        assertThat(cell.admits("1", 0)).isTrue();
        assertThat(cell.admits("0", 0)).isFalse();
    }

    @Test
    void aWriteWithoutAnAnswerMayArriveAtAnyTime() {
        long lost = cell.issue();
        cell.doubt(lost);
        cell.finish(cell.issue());

        assertThat(cell.admits("1", 2)).isTrue();
        assertThat(cell.admits("2", 2)).isTrue();
    }
}
