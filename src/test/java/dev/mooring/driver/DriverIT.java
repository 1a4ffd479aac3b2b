package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Operation.Kind;
import dev.mooring.driver.Window.Fault;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many write the same sessions on three nodes, and make and end others: no order of the nodes' doings is refuted,
 * nothing is left behind, and nobody is told who need not be.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT", "MIXED"})
class DriverIT {
    private static DriverCluster cluster;

    /** Sessions that were made in this cluster. */
    private static long opened;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = DriverCluster.start(mode, "driver");
        opened = 0;
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndCountWhatTheyTold() {
        cluster.close();
        cluster.logs().passes(List.of("/driver"));
        DriverCluster.Figures figures = cluster.figures();
        // An end is told, and who ends a session that is due has asked the others before.
        assertThat(figures.notices())
                .as("notices of %s", figures)
                .isBetween(figures.writes() / 10, (DriverCluster.NODES - 1) * (figures.writes() + 2 * opened));
    }

    /** Among members a node dies and another one pauses, under clients a server dies; where both are, all is quiet. */
    @Test
    void theHistoryIsInOrderAlsoWhereNodesAndServersFail() throws Exception {
        List<Fault> faults = switch (mode) {
            case MEMBER -> List.of(Fault.KILL, Fault.PAUSE);
            case CLIENT -> List.of(Fault.KILL_SERVER);
            default -> List.of();
        };

        Report report = Driver.run(cluster, Plan.of(2_500).withFaults(faults));

        assertInOrder(report);
        assertThat(report.windows()).as("faults: %s", report).hasSameSizeAs(faults);
        assertThat(report.done(Kind.END)).as("ends: %s", report).isPositive();
        assertThat(report.done(Kind.EXPIRY)).as("expiries: %s", report).isPositive();
    }

    @Test
    void idsThatChangeEveryFewMillisecondsLoseNothingAndLeaveNothingBehind() throws Exception {
        Plan plan = Plan.of(1_500).withSessions(5).withIdChanges(Duration.ofMillis(3));
        try (Leavings leavings = Leavings.of(cluster)) {
            int recordsBefore = leavings.records();
            int aliasesBefore = leavings.aliases();

            Report report = Driver.run(cluster, plan);

            assertInOrder(report);
            assertThat(report.done(Kind.RENAME))
                    .as("changes of ids: %s", report)
                    .isGreaterThan(20);
            // A record for each session; of those that have ended, a tombstone for ten minutes.
            assertThat(leavings.records() - recordsBefore).as("new records").isLessThanOrEqualTo((int)
                    report.done(Kind.OPEN));
            assertThat(leavings.aliases() - aliasesBefore).as("new aliases").isBetween(1, plan.sessions());
        }
    }

    private static void assertInOrder(Report report) {
        opened += report.done(Kind.OPEN);
        assertThat(report.violations()).as("%s", report).isEmpty();
        assertThat(report.answeredInCalm()).as("answered: %s", report).isGreaterThan(0.95);
        assertThat(report.done(Kind.RENAME)).as("changes of ids: %s", report).isPositive();
    }
}
