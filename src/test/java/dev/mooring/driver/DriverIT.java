package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.driver.Report.Finding;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Many write the same sessions on three nodes: nothing is lost and nothing stale. */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT", "MIXED"})
class DriverIT {
    private static DriverCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = DriverCluster.start(mode);
    }

    @AfterParameterizedClassInvocation
    static void stopNodes() {
        cluster.close();
    }

    @Test
    void nothingIsLostAndNothingIsStale() throws Exception {
        Report report = Driver.run(cluster, Plan.of(4_000));

        assertRefutesNothing(report);
    }

    @Test
    void idsThatChangeEveryFewMillisecondsLoseNothingAndLeaveNothingBehind() throws Exception {
        Plan plan = Plan.of(2_000).withSessions(5).withIdChanges(Duration.ofMillis(3));
        long recordsBefore = entries("jetty-sessions");
        long aliasesBefore = entries("jetty-sessions-ids");

        Report report = Driver.run(cluster, plan);

        assertRefutesNothing(report);
        assertThat(report.idChanges()).as("changes of ids: %s", report).isGreaterThan(20);
        assertThat(entries("jetty-sessions") - recordsBefore).as("new records").isEqualTo(plan.sessions());
        assertThat(entries("jetty-sessions-ids") - aliasesBefore)
                .as("new aliases")
                .isBetween(1L, (long) plan.sessions());
    }

    @Test
    @Tag("stress")
    void nothingIsLostAndNothingIsStaleOfAHundredThousandWrites() throws Exception {
        Report report = Driver.run(cluster, Plan.of(100_000));

        assertRefutesNothing(report);
        assertThat(report.reads()).isGreaterThan(50_000);
    }

    @Test
    @Tag("stress")
    void nodesThatPauseForThreeSecondsLoseNothingAndReadNothingStale() throws Exception {
        Plan plan = Plan.of(10_000).withSessions(6);

        try (var ignored = new Pauses(cluster.nodes(), Duration.ofSeconds(3), plan.seed())) {
            assertRefutesNothing(Driver.run(cluster, plan));
        }
    }

    private static void assertRefutesNothing(Report report) {
        assertThat(report.count(Finding.STALE)).as("stale: %s", report).isZero();
        assertThat(report.count(Finding.LOST)).as("lost: %s", report).isZero();
        assertThat(report.count(Finding.MISPLACED)).as("misplaced: %s", report).isZero();
        assertThat(report.count(Finding.CLOSED)).as("closed: %s", report).isZero();
        assertThat(report.count(Finding.UNKNOWN)).as("unknown: %s", report).isLessThan((int) report.writes() / 100);
        assertThat(report.idChanges()).as("changes of ids: %s", report).isPositive();
    }

    /** How many entries a map has, as anybody sees it who joins the cluster as a plain client. */
    private static long entries(String map) {
        var config = new ClientConfig();
        config.setClusterName(cluster.name());
        config.getNetworkConfig().addAddress(cluster.address());
        HazelcastInstance client = HazelcastClient.newHazelcastClient(config);
        try {
            return client.getMap(map).size();
        } finally {
            client.shutdown();
        }
    }
}
