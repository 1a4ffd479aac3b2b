package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Operation.Result;
import dev.mooring.model.SessionRecord.State;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LeavingsTest {
    private static final Set<String> NODES = Set.of("one", "two", "three");

    private final Operation end = end(7, Kind.END, Result.OK);

    @Test
    void aTombstoneAndARowAndAnInboxOfEachNodeAreInOrder() {
        assertThat(Leavings.check(List.of(end), Map.of(), NODES, NODES)).isEmpty();
    }

    @Test
    void attributesOfASessionThatHasEndedAreLeftOver() {
        assertThat(Leavings.check(List.of(end), Map.of(7, State.ENDING), NODES, NODES))
                .singleElement()
                .satisfies(violation -> {
                    assertThat(violation.kind()).isEqualTo(Violation.Kind.LEFT_OVER);
                    assertThat(violation.history()).containsExactly(end);
                });
        assertThat(kinds(Map.of(7, State.LIVE), end(7, Kind.EXPIRY, Result.OK)))
                .containsExactly(Violation.Kind.LEFT_OVER);
    }

    @Test
    void attributesOfASessionThatLivesOrMayLiveAreNot() {
        assertThat(kinds(Map.of(8, State.LIVE), end)).isEmpty();
        assertThat(kinds(Map.of(7, State.LIVE), end(7, Kind.END, Result.UNKNOWN)))
                .isEmpty();
        assertThat(kinds(Map.of(7, State.LIVE), end(7, Kind.EXPIRY, Result.UNKNOWN)))
                .isEmpty();
    }

    @Test
    void theRowOfADeadNodeIsLeftOver() {
        assertThat(kinds(Set.of("one", "two", "three", "dead"), NODES)).containsExactly(Violation.Kind.LEFT_OVER);
    }

    @Test
    void theInboxOfADeadNodeIsLeftOver() {
        assertThat(kinds(NODES, Set.of("one", "two", "three", "dead"))).containsExactly(Violation.Kind.LEFT_OVER);
    }

    @Test
    void aNodeWithoutItsRowOrItsInboxIsConvicted() {
        assertThat(kinds(Set.of("one", "two"), Set.of("one", "two"))).containsExactly(Violation.Kind.LEFT_OVER);
        assertThat(kinds(NODES, Set.of("one", "two"))).containsExactly(Violation.Kind.LEFT_OVER);
    }

    private static List<Violation.Kind> kinds(Map<Integer, State> sessions, Operation end) {
        return Leavings.check(List.of(end), sessions, NODES, NODES).stream()
                .map(Violation::kind)
                .toList();
    }

    private static List<Violation.Kind> kinds(Set<String> rows, Set<String> inboxes) {
        return Leavings.check(List.of(), Map.of(), rows, inboxes).stream()
                .map(Violation::kind)
                .toList();
    }

    private static Operation end(int session, Kind kind, Result result) {
        return new Operation(0, kind, session, "", "", 0, false, 10, 20, result);
    }
}
