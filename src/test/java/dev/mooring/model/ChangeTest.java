package dev.mooring.model;

import static dev.mooring.model.Samples.after;
import static dev.mooring.model.Samples.leave;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mooring.model.Change.Claim;
import dev.mooring.model.Change.Delta;
import dev.mooring.model.Change.End;
import dev.mooring.model.Change.Join;
import dev.mooring.model.Change.Leave;
import dev.mooring.model.Change.Step;
import dev.mooring.model.Change.Touch;
import dev.mooring.model.Outcome.Result;
import dev.mooring.model.SessionRecord.State;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ChangeTest {

    private static final Times TIMES = new Times(1_000, 2_000, 1_500, 2_500, 1_000);

    /** The same, and a later use. */
    private static final Times LATER = new Times(1_000, 2_000, 1_500, 2_505, 1_000);

    private static final long MINUTE = 60_000;
    private static final List<String> NODES = List.of("n1", "n2", "n3");

    private static final SessionRecord LIVE = after(null, creation("n1", 1));
    private static final SessionRecord ENDING = after(LIVE, claim("n1"));
    private static final SessionRecord ENDED = after(ENDING, new End("n1"));

    private static Delta creation(String node, long operation) {
        return new Delta(node, 1, operation, true, TIMES, "first", MINUTE, Map.of("a", bytes(1)), Set.of(), Set.of());
    }

    private static Delta set(String node, long load, long operation, String name, int value) {
        return new Delta(
                node, load, operation, false, TIMES, null, null, Map.of(name, bytes(value)), Set.of(), Set.of());
    }

    private static Delta remove(String node, long operation, String name) {
        return new Delta(node, 1, operation, false, TIMES, null, null, Map.of(), Set.of(name), Set.of());
    }

    private static Delta rename(String node, long operation, String id) {
        return new Delta(node, 1, operation, false, TIMES, id, null, Map.of(), Set.of(), Set.of());
    }

    private static Claim claim(String node) {
        return new Claim(node, EndCause.INVALIDATED, null, Set.of(), TIMES, 0);
    }

    private static byte[] bytes(int value) {
        return new byte[] {(byte) value};
    }

    private static byte @Nullable [] value(SessionRecord record, String name) {
        Attribute attribute = record.attributes().get(name);
        return attribute == null ? null : attribute.bytes();
    }

    private static void assertRefused(Step step, @Nullable SessionRecord record, Result result) {
        assertThat(step.next()).isSameAs(record);
        assertThat(step.outcome().result()).isEqualTo(result);
        assertThat(step.outcome().applied()).isFalse();
    }

    @Nested
    class OnASessionThatIsNotThere {

        @Test
        void nothingButACreationMakesOne() {
            Samples.forAll(1_000, samples -> {
                Change change = samples.any("n1");

                Step step = change.applyTo(null);

                if (change instanceof Delta delta && delta.creates()) {
                    assertThat(step.outcome().applied()).isTrue();
                } else {
                    assertThat(step).isEqualTo(new Step(null, Outcome.absent()));
                }
            });
        }

        @Test
        void aCreationMakesVersionOne() {
            Step step = creation("n1", 1).applyTo(null);

            SessionRecord record = after(null, creation("n1", 1));
            assertThat(step.next()).isEqualTo(record);
            assertThat(step.outcome()).isEqualTo(new Outcome(Result.APPLIED, 0, 1, Set.of("n1"), null, null));
            assertThat(record.state()).isEqualTo(State.LIVE);
            assertThat(record.id()).isEqualTo("first");
            assertThat(record.maxInactiveMs()).isEqualTo(MINUTE);
            assertThat(record.times()).isEqualTo(TIMES);
            assertThat(record.holders()).isEqualTo(Map.of("n1", new Holder(1, 1)));
            assertThat(record.attributes()).isEqualTo(Map.of("a", new Attribute(new Stamp(1, "n1"), bytes(1))));
        }

        @Test
        void aCreationNamesIdAndInterval() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Delta("n", 1, 1, true, TIMES, null, 1L, Map.of(), Set.of(), Set.of()));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Delta("n", 1, 1, true, TIMES, "id", null, Map.of(), Set.of(), Set.of()));
        }
    }

    @Nested
    class OnASessionThatEndsOrHasEnded {

        @Test
        void nothingBringsItBack() {
            for (SessionRecord record : List.of(ENDING, ENDED)) {
                Samples.forAll(1_000, samples -> {
                    Change change = samples.any(samples.of(List.of("n2", "n3")));

                    Step step = change.applyTo(record);

                    SessionRecord next = after(record, change);
                    assertThat(next.state()).isEqualTo(record.state());
                    assertThat(next.version()).isEqualTo(record.version());
                    assertThat(next.attributes()).isEqualTo(record.attributes());
                    if (!(change instanceof Leave)) {
                        assertRefused(step, record, Result.ENDED);
                        assertThat(step.outcome().endCause()).isEqualTo(EndCause.INVALIDATED);
                    }
                });
            }
        }

        @Test
        void theNodeThatEndsItCannotWriteEither() {
            assertRefused(set("n1", 1, 2, "a", 2).applyTo(ENDING), ENDING, Result.ENDED);
            assertRefused(set("n1", 1, 2, "a", 2).applyTo(ENDED), ENDED, Result.ENDED);
            assertRefused(creation("n1", 1).applyTo(ENDED), ENDED, Result.ENDED);
        }

        @Test
        void aFormerHolderMayLeave() {
            Step step = leave("n1", 1).applyTo(ENDING);

            assertThat(step.outcome().applied()).isTrue();
            assertThat(after(ENDING, leave("n1", 1)).holders()).isEmpty();
        }

        @Test
        void anotherIdIsAnAbsentSession() {
            Step step = new Join("n2", 1, 0, "other").applyTo(ENDED);

            assertRefused(step, ENDED, Result.ABSENT);
            assertThat(step.outcome().endCause()).isEqualTo(EndCause.EXPIRED);
        }
    }

    @Nested
    class Creating {

        @Test
        void whatExistsIsRefused() {
            assertRefused(creation("n2", 1).applyTo(LIVE), LIVE, Result.EXISTS);
        }

        @Test
        void twiceCountsOnce() {
            Step step = creation("n1", 1).applyTo(LIVE);

            assertThat(step.next()).isSameAs(LIVE);
            assertThat(step.outcome()).isEqualTo(new Outcome(Result.APPLIED, -1, 1, Set.of("n1"), null, null));
        }
    }

    @Nested
    class Writing {

        @Test
        void keepsWhatOthersWrote() {
            SessionRecord record = after(LIVE, set("n2", 1, 1, "b", 2));

            assertThat(value(record, "a")).isEqualTo(bytes(1));
            assertThat(value(record, "b")).isEqualTo(bytes(2));
            assertThat(record.version()).isEqualTo(2);
        }

        @Test
        void tellsWhomToTellAndWhatItMet() {
            Step step = set("n2", 1, 1, "b", 2).applyTo(LIVE);

            assertThat(step.outcome()).isEqualTo(new Outcome(Result.APPLIED, 1, 2, Set.of("n1", "n2"), null, null));
        }

        @Test
        void theSameAttributeTheLastOneWins() {
            SessionRecord record = after(after(LIVE, set("n2", 1, 1, "a", 2)), set("n1", 1, 2, "a", 3));

            assertThat(value(record, "a")).isEqualTo(bytes(3));
        }

        @Test
        void aRemovalIsAWrite() {
            SessionRecord record = after(LIVE, remove("n2", 1, "a"));

            assertThat(record.attributes()).isEmpty();
            assertThat(record.removals()).isEqualTo(Map.of("a", new Stamp(2, "n2")));
            assertThat(after(record, set("n1", 1, 2, "a", 5)).removals()).isEmpty();
        }

        @Test
        void ofAnIdIsTheMove() {
            Step step = rename("n2", 1, "second").applyTo(LIVE);

            SessionRecord renamed = after(LIVE, rename("n2", 1, "second"));
            assertThat(step.outcome().previousId()).isEqualTo("first");
            assertThat(renamed.id()).isEqualTo("second");
            assertThat(value(renamed, "a")).isEqualTo(bytes(1));
            assertRefused(new Join("n3", 1, 0, "first").applyTo(renamed), renamed, Result.ABSENT);
            assertThat(new Join("n3", 1, 0, "second").applyTo(renamed).outcome().applied())
                    .isTrue();
        }

        @Test
        void takesNodesThatAreNoMoreOffTheHolders() {
            SessionRecord record = after(LIVE, set("n2", 1, 1, "b", 2));

            Step step =
                    new Delta("n2", 1, 2, false, TIMES, null, null, Map.of(), Set.of(), Set.of("n1")).applyTo(record);

            assertThat(step.outcome().holders()).containsExactly("n2");
        }

        @Test
        void remembersTheNewestRemovalsOnly() {
            SessionRecord record = LIVE;
            for (int i = 0; i < SessionRecord.REMOVALS_KEPT + 10; i++) {
                record = after(record, remove("n1", 2 + i, "gone" + i));
            }

            assertThat(record.removals())
                    .hasSize(SessionRecord.REMOVALS_KEPT)
                    .doesNotContainKeys("gone0", "gone9")
                    .containsKeys("gone10", "gone" + (SessionRecord.REMOVALS_KEPT + 9));
        }

        @Test
        void neverMakesAnExpiryEarlier() {
            Samples.forAll(300, samples -> {
                SessionRecord record = samples.live(NODES);
                Change change = new Touch(samples.times());

                assertThat(after(record, change).deadline()).isGreaterThanOrEqualTo(record.deadline());
            });
        }
    }

    @Nested
    class RunTwice {

        @Test
        void everyChangeCountsOnce() {
            Samples.forAll(2_000, samples -> {
                SessionRecord record = samples.ended(samples.live(NODES), "n1", samples.upTo(2));
                Change change = samples.any(samples.of(NODES));
                SessionRecord once = after(record, change);

                Step again = change.applyTo(once);

                assertThat(again.next()).isEqualTo(once);
            });
        }

        @Test
        void theAnswerStaysYes() {
            Samples.forAll(2_000, samples -> {
                SessionRecord record = samples.ended(samples.live(NODES), "n1", samples.upTo(2));
                Change change = samples.any(samples.of(NODES));
                Step first = change.applyTo(record);

                Step again = change.applyTo(after(record, change));

                assertThat(again.outcome().result()).isEqualTo(first.outcome().result());
                assertThat(again.outcome().version()).isEqualTo(first.outcome().version());
                assertThat(again.outcome().holders()).isEqualTo(first.outcome().holders());
                assertThat(again.outcome().view()).isEqualTo(first.outcome().view());
            });
        }

        @Test
        void aDeltaCountsOnceAlsoAfterTheChangesOfOthers() {
            Samples.forAll(1_000, samples -> {
                Delta delta = samples.delta("n1");
                SessionRecord later = samples.later(after(samples.live(NODES), delta), List.of("n2", "n3"), 5);

                Step again = delta.applyTo(later);

                assertThat(again.next()).isSameAs(later);
                assertThat(again.outcome().applied()).isTrue();
                assertThat(again.outcome().base()).as("the writer looks again").isEqualTo(-1);
                assertThat(again.outcome().holders()).isEqualTo(later.holders().keySet());
            });
        }
    }

    @Nested
    class Holding {

        @Test
        void beginsWithTheLoad() {
            Step step = new Join("n2", 5, 0, "first").applyTo(LIVE);

            assertThat(step.outcome().holders()).containsExactlyInAnyOrder("n1", "n2");
            assertThat(after(LIVE, new Join("n2", 5, 0, "first")).holders()).containsEntry("n2", new Holder(5, 0));
            assertThat(step.outcome().requireView().attributes()).isEqualTo(LIVE.attributes());
        }

        @Test
        void isNoChangeThatAReaderCouldNotice() {
            SessionRecord joined = after(LIVE, new Join("n2", 5, 0, null));

            assertThat(joined.version()).isEqualTo(LIVE.version());
            assertThat(after(joined, leave("n2", 5))).isEqualTo(LIVE);
        }

        @Test
        void aSecondTimeStoresNothing() {
            SessionRecord joined = after(LIVE, new Join("n2", 5, 0, null));

            assertThat(new Join("n2", 5, 1, null).applyTo(joined).next()).isSameAs(joined);
            assertThat(new Join("n2", 4, 1, null).applyTo(joined).next()).isSameAs(joined);
        }

        @Test
        void endsOnlyForTheLoadThatLeaves() {
            SessionRecord joined = after(LIVE, new Join("n2", 5, 0, null));

            assertThat(leave("n2", 4).applyTo(joined).next()).isSameAs(joined);
            assertThat(after(joined, leave("n2", 5)).holders()).containsOnlyKeys("n1");
            assertThat(leave("n3", 5).applyTo(joined).next()).isSameAs(joined);
        }

        @Test
        void bringsAlongWhenTheSessionWasUsed() {
            SessionRecord left = after(LIVE, new Leave("n1", 1, LATER, false));

            assertThat(left.times()).isEqualTo(LATER);
            assertThat(left.version()).isEqualTo(LIVE.version());
            assertThat(after(ENDING, new Leave("n1", 1, LATER, false)).times()).isEqualTo(ENDING.times());
        }

        @Test
        void staysWithTheLastHolderThatWantsItTo() {
            SessionRecord joined = after(LIVE, new Join("n2", 5, 0, null));
            Leave first = new Leave("n1", 1, LIVE.times(), true);
            Leave second = new Leave("n2", 5, LIVE.times(), true);

            SessionRecord left = after(joined, first);

            assertThat(left.holders()).containsOnlyKeys("n2");
            assertThat(second.applyTo(left).next()).isSameAs(left);
            assertThat(second.applyTo(left).outcome().holders()).containsExactly("n2");
            assertThat(first.applyTo(left).outcome().holders()).containsExactly("n2");
            assertThat(after(left, new Leave("n2", 5, LIVE.times(), false)).holders())
                    .isEmpty();
        }

        @Test
        void aWriteOfAnEarlierLoadLeavesTheLaterOneListed() {
            SessionRecord reloaded = after(LIVE, new Join("n1", 2, 0, null));
            SessionRecord written = after(reloaded, set("n1", 1, 2, "b", 2));

            SessionRecord left = after(written, leave("n1", 1));

            assertThat(value(left, "b")).isEqualTo(bytes(2));
            assertThat(left.holders()).containsOnlyKeys("n1");
        }

        /**
         * A node's copy of a session numbers its changes from 1; what the record remembers may be of an earlier copy.
         */
        @Test
        void aLaterLoadNumbersItsChangesAnew() {
            SessionRecord written = after(LIVE, set("n1", 1, 2, "b", 2));
            SessionRecord reloaded = after(written, new Join("n1", 2, 0, null));

            SessionRecord record = after(reloaded, set("n1", 2, 1, "b", 3));

            assertThat(value(record, "b")).isEqualTo(bytes(3));
        }

        @Test
        void isMadeByAWriteToo() {
            assertThat(after(LIVE, set("n3", 9, 1, "b", 1)).holders()).containsEntry("n3", new Holder(9, 1));
        }
    }

    @Nested
    class AReader {

        /** What a node knows of the attributes, from the views it was given and nothing else. */
        private static final class Copy {
            private final Map<String, Attribute> attributes = new HashMap<>();
            private long version;

            void adopt(SessionRecord view) {
                attributes.keySet().retainAll(view.attributes().keySet());
                view.attributes().forEach((name, attribute) -> {
                    if (attribute.bytes() != null) {
                        attributes.put(name, attribute);
                    }
                    assertThat(attributes).containsKey(name);
                    assertThat(attributes.get(name).stamp()).isEqualTo(attribute.stamp());
                });
                version = view.version();
            }
        }

        @Test
        void whoAdoptsTheViewsAtAnyPaceHasTheWholeRecord() {
            Samples.forAll(300, samples -> {
                SessionRecord record = samples.live(NODES);
                Copy copy = new Copy();
                for (int i = 0; i < 10; i++) {
                    record = samples.later(record, NODES, 4);
                    Step step = new Join("r", 1, copy.version, null).applyTo(record);
                    record = after(record, new Join("r", 1, copy.version, null));

                    copy.adopt(step.outcome().requireView());

                    assertThat(new TreeMap<>(copy.attributes)).isEqualTo(new TreeMap<>(record.attributes()));
                    assertThat(copy.version).isEqualTo(record.version());
                    assertThat(step.outcome().requireView().id()).isEqualTo(record.id());
                    assertThat(step.outcome().requireView().times()).isEqualTo(record.times());
                }
            });
        }

        @Test
        void isSentNoValueThatItHas() {
            SessionRecord record = after(LIVE, set("n1", 1, 2, "b", 2));

            SessionRecord view = record.since(1);

            assertThat(value(view, "a")).isNull();
            assertThat(value(view, "b")).isEqualTo(bytes(2));
            assertThat(record.since(record.version()).attributes().values())
                    .allSatisfy(attribute -> assertThat(attribute.bytes()).isNull());
            assertThat(record.since(0)).isEqualTo(record);
        }
    }

    @Nested
    class ClaimingTheEnd {

        private static final long DUE = TIMES.used() + MINUTE;

        private static Claim due(String node, long at, Set<String> asked) {
            return new Claim(node, EndCause.EXPIRED, at, asked, TIMES, 0);
        }

        @Test
        void isWonOnceInTheCluster() {
            Samples.forAll(200, samples -> {
                SessionRecord record = samples.live(NODES);
                int winners = 0;
                for (int i = 0; i < 10; i++) {
                    String node = samples.of(NODES);
                    boolean alreadyItsOwn = node.equals(record.endingNode());
                    Step step = claim(node).applyTo(record);
                    winners += step.outcome().applied() && !alreadyItsOwn ? 1 : 0;
                    record = after(record, claim(node));
                }

                assertThat(winners).isEqualTo(1);
            });
        }

        @Test
        void isWonAgainByTheSameNode() {
            Step step = claim("n1").applyTo(ENDING);

            assertThat(step.next()).isSameAs(ENDING);
            assertThat(step.outcome().applied()).isTrue();
        }

        @Test
        void isRefusedToOthersAndSaysWhy() {
            Step step = claim("n2").applyTo(ENDING);

            assertRefused(step, ENDING, Result.ENDED);
            assertThat(step.outcome().requireView().cause()).isEqualTo(EndCause.INVALIDATED);
            assertThat(step.outcome().requireView().endingNode()).isEqualTo("n1");
        }

        @Test
        void keepsTheAttributesForTheListeners() {
            Step step = claim("n2").applyTo(LIVE);

            assertThat(step.outcome().requireView().attributes()).isEqualTo(LIVE.attributes());
            assertThat(step.outcome().holders()).containsExactly("n1");
            assertThat(step.outcome().version()).isEqualTo(LIVE.version() + 1);
        }

        @Test
        void leavesATombstoneWithoutAttributes() {
            assertThat(ENDED.state()).isEqualTo(State.ENDED);
            assertThat(ENDED.attributes()).isEmpty();
            assertThat(ENDED.holders()).isEmpty();
            assertThat(ENDED.removals()).isEmpty();
            assertThat(ENDED.cause()).isEqualTo(EndCause.INVALIDATED);
        }

        @Test
        void isFinishedByTheClaimantOnly() {
            assertRefused(new End("n2").applyTo(ENDING), ENDING, Result.ENDED);
            assertRefused(new End("n1").applyTo(LIVE), LIVE, Result.ENDED);
        }

        @Test
        void mustWaitWhereTheSessionWasUsedMeanwhile() {
            Step step = due("n1", DUE - 1, Set.of("n1")).applyTo(LIVE);

            assertThat(after(LIVE, due("n1", DUE - 1, Set.of("n1")))).isEqualTo(LIVE);
            assertThat(step.outcome().result()).isEqualTo(Result.NOT_DUE);
            assertThat(step.outcome().requireView().deadline()).isEqualTo(DUE);
        }

        @Test
        void bringsTheUseThatTheClaimantKnows() {
            Claim claim = new Claim("n1", EndCause.EXPIRED, DUE, Set.of("n1"), LATER, 0);

            assertThat(claim.applyTo(LIVE).outcome().result()).isEqualTo(Result.NOT_DUE);
            assertThat(after(LIVE, claim).times()).isEqualTo(LATER);
        }

        @Test
        void mustAskTheOtherHoldersFirst() {
            SessionRecord shared = after(LIVE, new Join("n2", 1, 0, null));
            Step step = due("n1", DUE, Set.of("n1")).applyTo(shared);

            assertRefused(step, shared, Result.ASK);
            assertThat(step.outcome().holders()).containsExactlyInAnyOrder("n1", "n2");
        }

        @Test
        void succeedsWhenDueAndAllWereAsked() {
            SessionRecord shared = after(LIVE, new Join("n2", 1, 0, null));
            Claim claim = due("n1", DUE, Set.of("n1", "n2", "n9"));

            assertThat(claim.applyTo(shared).outcome().applied()).isTrue();
            assertThat(after(shared, claim).state()).isEqualTo(State.ENDING);
            assertThat(after(shared, claim).cause()).isEqualTo(EndCause.EXPIRED);
        }

        @Test
        void neverSucceedsByTheClockWhereTheSessionDoesNotExpire() {
            SessionRecord eternal =
                    after(LIVE, new Delta("n1", 1, 2, false, TIMES, null, -1L, Map.of(), Set.of(), Set.of()));

            assertRefused(due("n1", Long.MAX_VALUE - 1, Set.of("n1")).applyTo(eternal), eternal, Result.NOT_DUE);
        }
    }
}
