package dev.mooring;

import dev.mooring.grid.GridConfig;
import dev.mooring.session.SessionPolicy;
import dev.mooring.session.SessionPolicy.NonSerializable;
import dev.mooring.session.SessionPolicy.OnStoreFailure;
import dev.mooring.websocket.SocketPolicy;
import dev.mooring.websocket.SocketPolicy.CloseOnSessionEnd;
import dev.mooring.websocket.SocketPolicy.KeepAlive;
import java.io.ObjectInputFilter;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The properties as text, and what they mean once they are frozen. A value that cannot be used is refused with an
 * {@link IllegalArgumentException} that says {@code property=value: expected ...}; none is corrected. Not thread-safe:
 * one thread fills and freezes it.
 */
final class Settings {

    /** A host name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. */
    private static final Pattern HOST_AND_PORT = Pattern.compile("([\\w.-]+|\\[[0-9a-fA-F:.%\\w]+])(?::(\\d{1,5}))?");

    private static final String CONFIGURATION = "expected a Hazelcast file that ends in .xml, .yaml or .yml";

    private final Map<Property, String> values = new EnumMap<>(Property.class);

    /** Sets {@code property} to what was typed; white space around it does not count. */
    void set(Property property, String value) {
        values.put(property, value.strip());
    }

    /** What was typed for {@code property}, or its default. */
    String text(Property property) {
        return values.getOrDefault(property, property.byDefault());
    }

    /** Whether {@code property} says something else than its default. */
    boolean changed(Property property) {
        return !text(property).equalsIgnoreCase(property.byDefault());
    }

    /**
     * What {@code properties} were set to, those that say something else than their default only, as {@code name=value}
     * separated by commas.
     */
    String changes(Collection<Property> properties) {
        return properties.stream()
                .filter(this::changed)
                .map(property -> property.key() + "=" + text(property))
                .collect(Collectors.joining(", "));
    }

    /** The settings of a node that is a member of the cluster. */
    GridConfig.Member member() {
        return new GridConfig.Member(
                clusterName(),
                localAddress(Property.BIND_ADDRESS),
                (int) number(Property.PORT, 1, 65535),
                addresses(Property.MEMBERS),
                configuration(),
                optional(Property.INSTANCE_NAME),
                name(Property.MAP_NAME),
                (int) number(Property.BACKUP_COUNT, 0, 6));
    }

    /** The settings of a node that is a client of the cluster. */
    GridConfig.Client client() {
        return new GridConfig.Client(
                clusterName(),
                addresses(Property.ADDRESSES),
                configuration(),
                optional(Property.INSTANCE_NAME),
                name(Property.MAP_NAME));
    }

    /** What the node does with sessions. */
    SessionPolicy sessionPolicy() {
        checkWhatHasNoMeaning();
        return new SessionPolicy(
                (int) number(Property.EVICTION_POLICY, -1, Integer.MAX_VALUE),
                flag(Property.SAVE_ON_CREATE),
                flag(Property.SAVE_ON_INACTIVE_EVICTION),
                flag(Property.REMOVE_UNLOADABLE_SESSIONS),
                flag(Property.INVALIDATE_ON_SHUTDOWN),
                seconds(Property.GRACE_PERIOD),
                filter(Property.ATTRIBUTE_FILTER),
                (int) number(Property.MAX_ATTRIBUTES, 1, Integer.MAX_VALUE),
                (int) number(Property.MAX_ATTRIBUTE_BYTES, 1, Integer.MAX_VALUE),
                number(Property.MAX_SESSION_BYTES, 1, Long.MAX_VALUE),
                choice(Property.NON_SERIALIZABLE, NonSerializable.values()),
                choice(Property.ON_STORE_FAILURE, OnStoreFailure.values()));
    }

    /** What is accepted and does nothing is to be well-formed all the same. */
    private void checkWhatHasNoMeaning() {
        flag(Property.FLUSH_ON_RESPONSE_COMMIT);
        seconds(Property.SAVE_PERIOD);
        flag(Property.USE_QUERIES);
        if (changed(Property.ONLY_CLIENT)) {
            flag(Property.ONLY_CLIENT);
        }
    }

    /** What the node does with WebSockets. */
    SocketPolicy socketPolicy() {
        return new SocketPolicy(
                choice(Property.KEEP_ALIVE, KeepAlive.values()),
                choice(Property.CLOSE_ON_SESSION_END, CloseOnSessionEnd.values()),
                flag(Property.CREATE_SESSION),
                flag(Property.SAME_ORIGIN));
    }

    /** Where the user brings a configuration, that says the name, unless it was typed here as well. */
    private String clusterName() {
        String name = name(Property.CLUSTER_NAME);
        return changed(Property.CONFIGURATION_LOCATION) && !changed(Property.CLUSTER_NAME) ? "" : name;
    }

    /** The file that {@code configurationLocation} names, by itself or in the directory of the Jetty base. */
    private Optional<Path> configuration() {
        Optional<Path> file = optional(Property.CONFIGURATION_LOCATION).map(text -> {
            try {
                return Path.of(System.getProperty("jetty.base", "")).resolve(text);
            } catch (InvalidPathException e) {
                throw refused(Property.CONFIGURATION_LOCATION, CONFIGURATION, e);
            }
        });
        file.ifPresent(path -> {
            if (!path.toString().matches(".*\\.(xml|yaml|yml)") || !Files.isReadable(path)) {
                throw refused(Property.CONFIGURATION_LOCATION, CONFIGURATION);
            }
        });
        return file;
    }

    private String name(Property property) {
        String text = text(property);
        if (text.isEmpty()) {
            throw refused(property, "expected a name");
        }
        return text;
    }

    private Optional<String> optional(Property property) {
        return Optional.of(text(property)).filter(text -> !text.isEmpty());
    }

    private boolean flag(Property property) {
        String text = text(property);
        if (text.equalsIgnoreCase("true")) {
            return true;
        }
        if (text.equalsIgnoreCase("false")) {
            return false;
        }
        throw refused(property, "expected true or false");
    }

    private long number(Property property, long from, long to) {
        String expected = to == Long.MAX_VALUE
                ? "expected a whole number of at least " + from
                : "expected a whole number from " + from + " to " + to;
        try {
            long number = Long.parseLong(text(property));
            if (number >= from && number <= to) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw refused(property, expected, e);
        }
        throw refused(property, expected);
    }

    private Duration seconds(Property property) {
        return Duration.ofSeconds(number(property, 0, Integer.MAX_VALUE));
    }

    private <E extends Enum<E>> E choice(Property property, E[] choices) {
        String text = text(property);
        for (E choice : choices) {
            if (typed(choice).equalsIgnoreCase(text)) {
                return choice;
            }
        }
        List<String> names = Arrays.stream(choices).map(Settings::typed).toList();
        int last = names.size() - 1;
        throw refused(property, "expected " + String.join(", ", names.subList(0, last)) + " or " + names.get(last));
    }

    private static String typed(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }

    private Optional<String> filter(Property property) {
        Optional<String> pattern = optional(property);
        try {
            pattern.ifPresent(ObjectInputFilter.Config::createFilter);
        } catch (IllegalArgumentException e) {
            throw refused(property, "expected a JEP 290 pattern (" + e.getMessage() + ")", e);
        }
        return pattern;
    }

    private List<String> addresses(Property property) {
        if (text(property).isEmpty()) {
            return List.of();
        }
        List<String> addresses =
                Arrays.stream(text(property).split(",", -1)).map(String::strip).toList();
        if (!addresses.stream().allMatch(Settings::isAddress)) {
            throw refused(property, "expected host or host:port, separated by commas");
        }
        return addresses;
    }

    private static boolean isAddress(String address) {
        var matcher = HOST_AND_PORT.matcher(address);
        if (!matcher.matches()) {
            return false;
        }
        String port = matcher.group(2);
        return port == null || (Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65535);
    }

    /**
     * The IP address that {@code property} names. Others have to reach it: no wildcard, and one of this machine's own.
     */
    private String localAddress(Property property) {
        try {
            InetAddress address = InetAddress.getByName(name(property));
            if (!address.isAnyLocalAddress() && NetworkInterface.getByInetAddress(address) != null) {
                return address.getHostAddress();
            }
        } catch (UnknownHostException | SocketException e) {
            throw refused(property, "expected an address of this machine", e);
        }
        throw refused(property, "expected an address of this machine");
    }

    private IllegalArgumentException refused(Property property, String expected) {
        return new IllegalArgumentException(property.key() + "=" + text(property) + ": " + expected);
    }

    private IllegalArgumentException refused(Property property, String expected, Exception cause) {
        return new IllegalArgumentException(property.key() + "=" + text(property) + ": " + expected, cause);
    }
}
