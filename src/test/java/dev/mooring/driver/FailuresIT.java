package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Window.Fault;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes and servers die, pause and come back under load: what was answered stays true. */
class FailuresIT {
    private static final int WRITES = 3_000;

    /** With the reads that go with them, more than 200,000 operations. */
    private static final int MANY_WRITES = 70_000;

    /**
     * Others give a member up after ten seconds; what it has is old when it wakes, and what it confirms is nobody
     * else's. Clients meet it again all the same. Plain servers merge as they are told to, and give nobody up for a
     * pause as they come.
     */
    @ParameterizedTest
    @EnumSource(names = {"MEMBER", "MIXED"})
    @Tag("stress")
    void aMemberThatWasGivenUpAnswersNothingOld(Mode mode) throws Exception {
        assertInOrder("given-up", mode, 1, Plan.of(WRITES).withFaults(List.of(Fault.LONG_PAUSE, Fault.LONG_PAUSE)));
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMBER", "CLIENT", "MIXED"})
    @Tag("stress")
    void everythingHappensToEverybody(Mode mode) throws Exception {
        Plan plan = Plan.of(MANY_WRITES);
        var faults = new ArrayList<Fault>();
        for (int i = 0; i < 3; i++) {
            faults.addAll(List.of(Fault.KILL, Fault.PAUSE, Fault.RESTART));
        }
        faults.addAll(List.of(Fault.LONG_PAUSE, Fault.LONG_PAUSE));
        if (mode == Mode.CLIENT) {
            faults.addAll(List.of(Fault.KILL_SERVER, Fault.PAUSE_SERVER, Fault.KILL_SERVER, Fault.LONG_PAUSE_SERVER));
        }
        Collections.shuffle(faults, new Random(plan.seed()));

        assertInOrder("everything", mode, 1, plan.withFaults(faults));
    }

    @Test
    @Tag("stress")
    void twoOfThreeNodesDieAtOnceWithTwoBackups() throws Exception {
        assertInOrder("two-dead", Mode.MEMBER, 2, Plan.of(WRITES).withFaults(List.of(Fault.KILL_TWO, Fault.KILL_TWO)));
    }

    /** Each test has directories of its own, so that the logs of all are there after a run. */
    private static void assertInOrder(String test, Mode mode, int backups, Plan plan) throws Exception {
        var cluster = DriverCluster.start(mode, "failures-" + test + "-" + mode, backups);
        try (cluster) {
            Report report = Driver.run(cluster, plan);

            assertThat(report.violations()).as("%s", report).isEmpty();
            assertThat(report.windows()).hasSameSizeAs(plan.faults());
            assertThat(report.answeredInCalm()).as("answered: %s", report).isGreaterThan(0.95);
        }
        cluster.logs().passes(List.of("/driver"));
    }
}
