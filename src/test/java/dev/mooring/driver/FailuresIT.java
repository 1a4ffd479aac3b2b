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

    /** With the reads that go with them, 200,000 operations. */
    private static final int MANY_WRITES = 100_000;

    @ParameterizedTest
    @EnumSource(names = {"MEMBER", "CLIENT"})
    @Tag("stress")
    void aNodeDiesAndAnotherPauses(Mode mode) throws Exception {
        List<Fault> faults =
                mode == Mode.CLIENT ? List.of(Fault.PAUSE, Fault.KILL_SERVER) : List.of(Fault.KILL, Fault.PAUSE);

        assertInOrder(mode, 1, Plan.of(WRITES).withFaults(faults));
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
            faults.addAll(List.of(Fault.KILL_SERVER, Fault.PAUSE_SERVER, Fault.KILL_SERVER, Fault.PAUSE_SERVER));
        }
        Collections.shuffle(faults, new Random(plan.seed()));

        assertInOrder(mode, 1, plan.withFaults(faults));
    }

    @Test
    @Tag("stress")
    void twoOfThreeNodesDieAtOnceWithTwoBackups() throws Exception {
        assertInOrder(Mode.MEMBER, 2, Plan.of(WRITES).withFaults(List.of(Fault.KILL_TWO, Fault.KILL_TWO)));
    }

    private static void assertInOrder(Mode mode, int backups, Plan plan) throws Exception {
        try (var cluster = DriverCluster.start(mode, "failures", backups)) {
            Report report = Driver.run(cluster, plan);

            assertThat(report.violations()).as("%s", report).isEmpty();
            assertThat(report.windows()).hasSameSizeAs(plan.faults());
            assertThat(report.answeredInCalm()).as("answered: %s", report).isGreaterThan(0.95);
        }
    }
}
