package dev.mooring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mooring.grid.GridConfig;
import dev.mooring.session.SessionPolicy;
import dev.mooring.session.SessionPolicy.NonSerializable;
import dev.mooring.testing.Policies;
import dev.mooring.websocket.SocketPolicy;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

    private final Settings settings = new Settings();

    @Nested
    class WhenNothingIsSet {

        @Test
        void aMemberListensOnLoopbackOnly() {
            assertThat(settings.member())
                    .isEqualTo(new GridConfig.Member(
                            "jetty-sessions",
                            "127.0.0.1",
                            5701,
                            List.of(),
                            Optional.empty(),
                            Optional.empty(),
                            "jetty-sessions",
                            1));
        }

        @Test
        void aClientHasTheSameNames() {
            assertThat(settings.client())
                    .isEqualTo(new GridConfig.Client(
                            "jetty-sessions", List.of(), Optional.empty(), Optional.empty(), "jetty-sessions"));
        }

        @Test
        void thePoliciesAreTheirDefaults() {
            assertThat(settings.sessionPolicy()).isEqualTo(Policies.SESSIONS);
            assertThat(settings.socketPolicy()).isEqualTo(Policies.SOCKETS);
        }

        @Test
        void nothingCountsAsChanged() {
            assertThat(settings.changes(EnumSet.allOf(Property.class))).isEmpty();
        }
    }

    @Nested
    class WhenValuesAreSet {

        @Test
        void theyArriveInTheGridConfig() {
            settings.set(Property.CLUSTER_NAME, " shop ");
            settings.set(Property.BIND_ADDRESS, "localhost");
            settings.set(Property.PORT, "6000");
            settings.set(Property.MEMBERS, "10.0.0.1:5701, node-b.example ,[::1]:5702");
            settings.set(Property.MAP_NAME, "carts");
            settings.set(Property.BACKUP_COUNT, "0");

            GridConfig.Member member = settings.member();

            assertThat(member.clusterName()).isEqualTo("shop");
            assertThat(member.bindAddress()).isIn("127.0.0.1", "0:0:0:0:0:0:0:1");
            assertThat(member.port()).isEqualTo(6000);
            assertThat(member.members()).containsExactly("10.0.0.1:5701", "node-b.example", "[::1]:5702");
            assertThat(member.mapName()).isEqualTo("carts");
            assertThat(member.backupCount()).isZero();
        }

        @Test
        void theyArriveInThePolicies() {
            settings.set(Property.SAVE_ON_CREATE, "TRUE");
            settings.set(Property.GRACE_PERIOD, "90");
            settings.set(Property.ATTRIBUTE_FILTER, "java.lang.*;!*");
            settings.set(Property.MAX_SESSION_BYTES, "5000000000");
            settings.set(Property.NON_SERIALIZABLE, "local");
            settings.set(Property.KEEP_ALIVE, "none");
            settings.set(Property.SAME_ORIGIN, "true");

            SessionPolicy sessions = settings.sessionPolicy();
            SocketPolicy sockets = settings.socketPolicy();

            assertThat(sessions.saveOnCreate()).isTrue();
            assertThat(sessions.gracePeriod()).isEqualTo(Duration.ofSeconds(90));
            assertThat(sessions.attributeFilter()).contains("java.lang.*;!*");
            assertThat(sessions.maxSessionBytes()).isEqualTo(5_000_000_000L);
            assertThat(sessions.nonSerializable()).isEqualTo(NonSerializable.LOCAL);
            assertThat(sockets.keepAlive()).isEqualTo(SocketPolicy.KeepAlive.NONE);
            assertThat(sockets.sameOrigin()).isTrue();
        }

        @Test
        void theChangesAreListedByTheNamesThatWereTyped() {
            settings.set(Property.SAVE_PERIOD, "5");
            settings.set(Property.USE_QUERIES, "true");
            settings.set(Property.PORT, "5701");

            assertThat(settings.changes(EnumSet.allOf(Property.class)))
                    .isEqualTo("jetty.session.hazelcast.useQueries=true, jetty.session.savePeriod.seconds=5");
        }
    }

    @Nested
    class WhenAValueCannotBeUsed {

        @ParameterizedTest(name = "{0}={1}")
        @CsvSource(delimiter = '|', textBlock = """
                        CLUSTER_NAME              | ''            | expected a name
                        MAP_NAME                  | ' '           | expected a name
                        BIND_ADDRESS              | ''            | expected a name
                        BIND_ADDRESS              | 0.0.0.0       | expected an address of this machine
                        BIND_ADDRESS              | 192.0.2.1     | expected an address of this machine
                        PORT                      | 0             | expected a whole number from 1 to 65535
                        PORT                      | 65536         | expected a whole number from 1 to 65535
                        PORT                      | http          | expected a whole number from 1 to 65535
                        PORT                      | ''            | expected a whole number from 1 to 65535
                        MEMBERS                   | a,,b          | expected host or host:port, separated by commas
                        MEMBERS                   | a b           | expected host or host:port, separated by commas
                        MEMBERS                   | a:70000       | expected host or host:port, separated by commas
                        MEMBERS                   | a:0           | expected host or host:port, separated by commas
                        ADDRESSES                 | a:b           | expected host or host:port, separated by commas
                        CONFIGURATION_LOCATION    | hazelcast.yml | expected a Hazelcast file that ends in .xml, .yaml or .yml
                        CONFIGURATION_LOCATION    | pom.txt       | expected a Hazelcast file that ends in .xml, .yaml or .yml
                        BACKUP_COUNT              | 7             | expected a whole number from 0 to 6
                        USE_QUERIES               | maybe         | expected true or false
                        ONLY_CLIENT               | maybe         | expected true or false
                        EVICTION_POLICY           | -2            | expected a whole number from -1 to 2147483647
                        SAVE_ON_CREATE            | yes           | expected true or false
                        SAVE_ON_INACTIVE_EVICTION | 1             | expected true or false
                        REMOVE_UNLOADABLE_SESSIONS| ''            | expected true or false
                        FLUSH_ON_RESPONSE_COMMIT  | flase         | expected true or false
                        INVALIDATE_ON_SHUTDOWN    | on            | expected true or false
                        GRACE_PERIOD              | 1h            | expected a whole number from 0 to 2147483647
                        SAVE_PERIOD               | -1            | expected a whole number from 0 to 2147483647
                        ATTRIBUTE_FILTER          | maxdepth=deep | expected a JEP 290 pattern
                        MAX_ATTRIBUTES            | 0             | expected a whole number from 1 to 2147483647
                        MAX_ATTRIBUTE_BYTES       | 8 MB          | expected a whole number from 1 to 2147483647
                        MAX_SESSION_BYTES         | 0             | expected a whole number of at least 1
                        NON_SERIALIZABLE          | rejects       | expected reject, local or spec
                        ON_STORE_FAILURE          | fail          | expected reject or anonymous
                        KEEP_ALIVE                | message       | expected messages, open or none
                        CLOSE_ON_SESSION_END      | any           | expected all, authenticated or none
                        CREATE_SESSION            | no            | expected true or false
                        SAME_ORIGIN               | strict        | expected true or false
                        """)
        void theMessageSaysPropertyValueAndWhatWasExpected(Property property, String value, String expected) {
            settings.set(property, value);

            assertThatThrownBy(() -> {
                        settings.member();
                        settings.client();
                        settings.sessionPolicy();
                        settings.socketPolicy();
                    })
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(property.key() + "=" + value.strip() + ": " + expected);
        }
    }
}
