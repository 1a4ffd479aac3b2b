package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import dev.mooring.driver.Window.Fault;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final int BROKEN = 0;
    private static final int WHOLE = 1;
    private static final Window PAUSE = window(Fault.PAUSE, 0, 60_000);

    @Test
    void anInterruptionLastsFromTheFirstUnansweredQuestionToTheNextAnswer() {
        assertThat(interruption(
                        read(100, 101, WHOLE, Result.OK),
                        read(200, 900, WHOLE, Result.UNKNOWN),
                        read(901, 1_500, WHOLE, Result.UNKNOWN),
                        read(1_501, 1_700, WHOLE, Result.OK),
                        read(1_701, 1_702, WHOLE, Result.OK)))
                .isEqualTo(1_500);
    }

    @Test
    void aLateAnswerIsOneToo() {
        assertThat(interruption(read(100, 900, WHOLE, Result.OK))).isEqualTo(800);
    }

    @Test
    void whatTheBrokenNodeDoesIsNone() {
        assertThat(interruption(
                        read(100, 700, BROKEN, Result.UNKNOWN),
                        read(701, 800, WHOLE, Result.OK),
                        read(801, 1_500, BROKEN, Result.OK)))
                .isEqualTo(99);
    }

    @Test
    void whoDoesNotAskForAWhileDoesNotKnowWhenItWasOver() {
        assertThat(interruption(
                        read(100, 200, WHOLE, Result.UNKNOWN),
                        read(20_200, 20_201, WHOLE, Result.OK),
                        read(20_300, 20_400, WHOLE, Result.OK)))
                .isEqualTo(100);
    }

    @Test
    void anIdOfWhichNobodyKnowsWhetherItIsTheSessionsTellsNothing() {
        assertThat(interruption(
                        read(100, 200, WHOLE, Result.NOT_SENT),
                        read(900, 901, WHOLE, Result.NOT_SENT),
                        read(1_000, 1_010, WHOLE, Result.OK)))
                .isEqualTo(10);
    }

    private static long interruption(Operation... operations) {
        List<Operation> history = Stream.of(operations)
                .sorted(Comparator.comparingLong(Operation::start))
                .toList();
        Map<Fault, Long> worst =
                new Report(Mode.MEMBER, Plan.of(1), history, List.of(PAUSE), List.of(), 60).interruptions();
        return worst.get(Fault.PAUSE);
    }

    private static Window window(Fault fault, long from, long to) {
        return new Window(fault, BROKEN, from * 1_000_000, to * 1_000_000);
    }

    private static Operation read(long from, long to, int node, Result result) {
        return new Operation(0, Kind.READ, 7, "name", "", node, false, from * 1_000_000, to * 1_000_000, result);
    }
}
