package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sessions expire when they are due, on whatever nodes they are used, though Jetty's own scavenger never runs. */
class ExpiryIT {
    private static final Logger LOG = LoggerFactory.getLogger(ExpiryIT.class);
    private static final String ENVIRONMENT = "ee11";

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void comesAtTheDeadlineThatTheWholeClusterHasAgreedOn(Mode mode) throws Exception {
        NodeCluster cluster =
                LiveWar.onNodes("expiry", 2, mode, base -> base.property("jetty.sessionScavengeInterval.seconds", "0"));
        try (cluster) {
            Map<String, Duration> late = Expiries.allOn(cluster, ENVIRONMENT);

            LOG.info("Sessions ended after their deadline by {}", late);
            assertThat(late).isNotEmpty();
        }
        LogCheck.of(cluster).passes(List.of(new LiveWar(cluster.node(0), ENVIRONMENT).path()));
    }
}
