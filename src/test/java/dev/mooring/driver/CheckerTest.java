package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Checker.Destroyed;
import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import dev.mooring.driver.Window.Fault;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CheckerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Destroyed ONCE = new Destroyed(1, 0);

    private final Operation open = ok(Kind.OPEN, "", 0, 1);
    private final Operation end = ok(Kind.END, "", 10, 20);

    @Test
    void aLifeThatEndsOnceIsInOrder() {
        assertThat(check(
                        Map.of(7, ONCE),
                        open,
                        ok(Kind.WRITE, "1", 2, 3),
                        ok(Kind.READ, "1", 12, 15),
                        end,
                        operation(Kind.READ, "", 21, 22, Result.GONE),
                        ok(Kind.CLOSE, "1008", 25, 25)))
                .isEmpty();
    }

    @Test
    void whatIsDoneAfterTheEndIsAResurrection() {
        assertThat(check(Map.of(7, ONCE), open, end, ok(Kind.WRITE, "1", 21, 22)))
                .containsExactly(Violation.Kind.RESURRECTION);
    }

    @Test
    void whatIsDoneAfterSomebodyHasSeenTheEndIsAResurrection() {
        assertThat(check(
                        Map.of(7, ONCE),
                        operation(Kind.END, "", 10, 20, Result.UNKNOWN),
                        operation(Kind.READ, "", 30, 31, Result.GONE),
                        ok(Kind.READ, "null", 9 * SECOND, 9 * SECOND + 1)))
                .containsExactly(Violation.Kind.RESURRECTION);
        assertThat(check(
                        Map.of(7, ONCE),
                        operation(Kind.END, "", 10, 20, Result.UNKNOWN),
                        operation(Kind.READ, "", 30, 31, Result.GONE),
                        ok(Kind.READ, "null", 40, 41)))
                .isEmpty();
    }

    @Test
    void anEndOfAnUnknownFateMayHaveBeenOrNot() {
        Operation unknown = operation(Kind.END, "", 10, 20, Result.UNKNOWN);

        assertThat(check(Map.of(), open, unknown, ok(Kind.READ, "null", 30, 31)))
                .isEmpty();
        assertThat(check(Map.of(7, ONCE), open, unknown, operation(Kind.READ, "", 30, 31, Result.GONE)))
                .isEmpty();
    }

    @Test
    void anExpiryOfAnUnknownFateMayHaveBeenOrNotButNotTooEarly() {
        Operation unknown = operation(Kind.EXPIRY, "", SECOND, SECOND, Result.UNKNOWN);

        assertThat(check(Map.of(), open, unknown, ok(Kind.READ, "null", 9 * SECOND, 9 * SECOND + 1)))
                .isEmpty();
        assertThat(check(Map.of(7, ONCE), open, unknown)).isEmpty();
        assertThat(check(Map.of(7, ONCE), open, unknown, operation(Kind.READ, "", 2, 3, Result.GONE)))
                .containsExactly(Violation.Kind.LOST_SESSION);
    }

    @Test
    void aSessionThatIsGoneWithoutAnEndIsLost() {
        assertThat(check(Map.of(), open, operation(Kind.READ, "", 2, 3, Result.GONE)))
                .containsExactly(Violation.Kind.LOST_SESSION);
    }

    @Test
    void aSessionThatExpiresTooEarlyIsLost() {
        assertThat(check(
                        Map.of(7, ONCE),
                        open,
                        ok(Kind.EXPIRY, "", SECOND, 2 * SECOND),
                        operation(Kind.READ, "", 2, 3, Result.GONE)))
                .containsExactly(Violation.Kind.LOST_SESSION);
    }

    @Test
    void aSessionThatGoesOnLongAfterItsDeadlineIsAResurrection() {
        assertThat(check(
                        Map.of(7, ONCE),
                        open,
                        ok(Kind.EXPIRY, "", SECOND, 2 * SECOND),
                        ok(Kind.READ, "null", 9 * SECOND, 10 * SECOND)))
                .containsExactly(Violation.Kind.RESURRECTION);
    }

    @Test
    void aSocketThatStaysOpenIsConvictedButNotWhileSomethingIsBroken() {
        Operation close = ok(Kind.CLOSE, Operation.STILL_OPEN, 3 * SECOND, 3 * SECOND);
        var window = new Window(Fault.PAUSE, 0, 5, 2 * SECOND);

        assertThat(check(Map.of(7, ONCE), open, end, close)).containsExactly(Violation.Kind.OPEN_SOCKET);
        assertThat(Checker.check(List.of(open, end, close), List.of(window), Map.of(7, ONCE)))
                .isEmpty();
    }

    @Test
    void aSocketOfALiveSessionIsNotClosedAsIfItHadEnded() {
        assertThat(check(Map.of(), open, ok(Kind.CLOSE, "1008", 5, 5))).containsExactly(Violation.Kind.WRONG_CLOSE);
        assertThat(check(Map.of(), open, ok(Kind.CLOSE, "1001", 5, 5))).isEmpty();
        // Perhaps it has: nobody knows.
        assertThat(check(
                        Map.of(7, ONCE),
                        open,
                        operation(Kind.END, "", 2, 4, Result.UNKNOWN),
                        ok(Kind.CLOSE, "1008", 5, 5)))
                .isEmpty();
    }

    @Test
    void aSocketOfAnEndedSessionIsClosedWithTheRightCodeUnlessItsNodeWasBroken() {
        Operation close = ok(Kind.CLOSE, "1006", 25, 25);
        var window = new Window(Fault.KILL, 0, 5, 30);

        assertThat(check(Map.of(7, ONCE), open, end, close)).containsExactly(Violation.Kind.WRONG_CLOSE);
        assertThat(check(Map.of(7, ONCE), open, end, ok(Kind.CLOSE, "1008", 25, 25)))
                .isEmpty();
        assertThat(Checker.check(List.of(open, end, close), List.of(window), Map.of(7, ONCE)))
                .isEmpty();
    }

    @Test
    void listenersRunOnceUnlessTheirNodeDies() {
        assertThat(check(Map.of(7, new Destroyed(2, 0)), open, end)).containsExactly(Violation.Kind.DESTROYED_AGAIN);
        assertThat(check(Map.of(7, new Destroyed(1, 1)), open, end)).isEmpty();
        assertThat(check(Map.of(), open, end)).containsExactly(Violation.Kind.NOT_DESTROYED);
        assertThat(check(Map.of(), open, operation(Kind.END, "", 10, 20, Result.UNKNOWN)))
                .isEmpty();
        assertThat(check(Map.of(7, ONCE), open)).containsExactly(Violation.Kind.DESTROYED_ALIVE);
        assertThat(check(Map.of(7, ONCE), open, operation(Kind.END, "", 10, 20, Result.UNKNOWN)))
                .isEmpty();
    }

    @Test
    void aSessionWhoseFirstResponseWasRefusedMayBeDestroyedOrNot() {
        Operation refused = operation(Kind.OPEN, "", 0, 1, Result.UNKNOWN);

        assertThat(check(Map.of(7, ONCE), refused)).isEmpty();
        assertThat(check(Map.of(), refused)).isEmpty();
        assertThat(check(Map.of(7, new Destroyed(2, 0)), refused)).containsExactly(Violation.Kind.DESTROYED_AGAIN);
    }

    @Test
    void listenersThatFindNoAttributesAreConvicted() {
        assertThat(check(Map.of(7, ONCE, DriverCluster.NOBODY, ONCE), open, end))
                .containsExactly(Violation.Kind.NOT_DESTROYED);
    }

    @Test
    void aFormerIdOpensNothing() {
        assertThat(check(Map.of(), open, ok(Kind.FORMER_ID, "", 5, 6))).containsExactly(Violation.Kind.FORMER_ID);
        assertThat(check(Map.of(7, ONCE), open, operation(Kind.FORMER_ID, "", 5, 6, Result.UNKNOWN), end))
                .isEmpty();
    }

    private static List<Violation.Kind> check(Map<Integer, Destroyed> destroyed, Operation... operations) {
        return Checker.check(List.of(operations), List.of(), destroyed).stream()
                .map(Violation::kind)
                .toList();
    }

    private static Operation ok(Kind kind, String value, long start, long end) {
        return operation(kind, value, start, end, Result.OK);
    }

    private static Operation operation(Kind kind, String value, long start, long end, Result result) {
        return new Operation(0, kind, 7, "name", value, 0, false, start, end, result);
    }
}
