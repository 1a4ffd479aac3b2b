package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.driver.Operation.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Many write the same sessions on three nodes, and make and end others: no order of the nodes' doings is refuted. */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT", "MIXED"})
class DriverIT {
    private static DriverCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = DriverCluster.start(mode, "driver");
    }

    @AfterParameterizedClassInvocation
    static void stopNodes() {
        cluster.close();
    }

    @Test
    void theHistoryOfAQuietRunIsInOrder() throws Exception {
        Report report = Driver.run(cluster, Plan.of(3_000));

        assertInOrder(report);
        assertThat(report.done(Kind.END)).as("ends: %s", report).isPositive();
        assertThat(report.done(Kind.EXPIRY)).as("expiries: %s", report).isPositive();
    }

    @Test
    void idsThatChangeEveryFewMillisecondsLoseNothingAndLeaveNothingBehind() throws Exception {
        Plan plan = Plan.of(1_500).withSessions(5).withIdChanges(Duration.ofMillis(3));
        long recordsBefore = entries("jetty-sessions");
        long aliasesBefore = entries("jetty-sessions-ids");

        Report report = Driver.run(cluster, plan);

        assertInOrder(report);
        assertThat(report.done(Kind.RENAME)).as("changes of ids: %s", report).isGreaterThan(20);
        // A record for each session; of those that have ended, a tombstone for ten minutes.
        assertThat(entries("jetty-sessions") - recordsBefore)
                .as("new records")
                .isLessThanOrEqualTo(report.done(Kind.OPEN));
        assertThat(entries("jetty-sessions-ids") - aliasesBefore)
                .as("new aliases")
                .isBetween(1L, (long) plan.sessions());
    }

    private static void assertInOrder(Report report) {
        assertThat(report.violations()).as("%s", report).isEmpty();
        assertThat(report.answeredInCalm()).as("answered: %s", report).isGreaterThan(0.95);
        assertThat(report.done(Kind.RENAME)).as("changes of ids: %s", report).isPositive();
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
