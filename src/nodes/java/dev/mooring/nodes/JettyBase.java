package dev.mooring.nodes;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * A {@code $JETTY_BASE} on disk, laid out as a user would do it: the zip unpacked, {@code start.jar --add-modules}, a
 * few properties, the WARs copied to {@code webapps}. Immutable once created; the directory belongs to the nodes that
 * run on it.
 */
public final class JettyBase {

    /**
     * The file that holds what {@link Builder#property} set; start.jar reads the files in order of name, the last one
     * wins.
     */
    private static final String PROPERTIES_FILE = "zz-node.ini";

    private static final long ADD_MODULES_SECONDS = 120;

    private final Path directory;
    private final Path home;
    private final Map<String, String> properties;
    private final List<String> jvmOptions;
    private final List<String> startOptions;

    private JettyBase(Builder builder, Path home) {
        this.directory = builder.directory;
        this.home = home;
        this.properties = Map.copyOf(builder.properties);
        this.jvmOptions = List.copyOf(builder.jvmOptions);
        this.startOptions = List.copyOf(builder.startOptions);
    }

    /** Begins a base in this directory. Nothing is touched before {@link Builder#create()}. */
    public static Builder in(Path directory) {
        return new Builder(directory.toAbsolutePath().normalize());
    }

    /** The base itself, absolute. */
    public Path directory() {
        return directory;
    }

    /** The jetty-home that runs on this base, absolute. */
    public Path home() {
        return home;
    }

    /** The value set by {@link Builder#property}, or {@code null} when the base leaves it to the module's default. */
    @Nullable
    String property(String name) {
        return properties.get(name);
    }

    /** What goes before {@code -jar}, after the options that every node has. */
    List<String> jvmOptions() {
        return jvmOptions;
    }

    /** What start.jar is told besides where to find home and base. */
    List<String> startOptions() {
        return startOptions;
    }

    /** The base's directory. */
    @Override
    public String toString() {
        return directory.toString();
    }

    /** Collects what a base consists of. Not thread-safe. */
    public static final class Builder {
        private final Path directory;
        private final List<String> modules = new ArrayList<>();
        private final Map<String, String> properties = new LinkedHashMap<>();
        private final Map<String, Path> wars = new LinkedHashMap<>();
        private final Map<String, String> environments = new LinkedHashMap<>();
        private final List<String> jvmOptions = new ArrayList<>();
        private final List<String> startOptions = new ArrayList<>();
        private @Nullable Path home = systemPath("mooring.jettyHome");
        private @Nullable Path zip = systemPath("mooring.zip");
        private @Nullable Path template;

        private Builder(Path directory) {
            this.directory = directory;
        }

        /** Takes this unpacked jetty-home; default: the system property {@code mooring.jettyHome}. */
        public Builder home(Path home) {
            this.home = home.toAbsolutePath().normalize();
            return this;
        }

        /**
         * Unpacks this zip into the base; default: the system property {@code mooring.zip}, or none where that is not
         * set.
         */
        public Builder zip(Path zip) {
            this.zip = zip.toAbsolutePath().normalize();
            return this;
        }

        /** Copies this directory's files into the base first: a base that someone wrote by hand. Default: none. */
        public Builder template(Path template) {
            this.template = template.toAbsolutePath().normalize();
            return this;
        }

        /**
         * Enables these modules, by {@code start.jar --add-modules}. None is enabled unless named here or in the
         * template.
         */
        public Builder modules(String... modules) {
            this.modules.addAll(List.of(modules));
            return this;
        }

        /** Sets a property of start.jar, stronger than what the modules' own ini files say. */
        public Builder property(String name, String value) {
            properties.put(name, value);
            return this;
        }

        /**
         * Deploys a copy of this WAR; {@code contextName} is its file name without the ending, so {@code ROOT} is
         * {@code /}.
         */
        public Builder war(String contextName, Path war) {
            wars.put(contextName, war.toAbsolutePath().normalize());
            return this;
        }

        /**
         * Deploys that web application in this environment, {@code ee10} or {@code ee11}: needed where a base has both.
         */
        public Builder environment(String contextName, String environment) {
            environments.put(contextName, environment);
            return this;
        }

        /** Adds options of the node's JVM, such as {@code -Xmx512m}; they win over those that every node has. */
        public Builder jvmOptions(String... options) {
            jvmOptions.addAll(List.of(options));
            return this;
        }

        /** Adds options of start.jar at each start, such as {@code --jpms}. */
        public Builder startOptions(String... options) {
            startOptions.addAll(List.of(options));
            return this;
        }

        /**
         * Empties the directory and lays the base out anew. Blocks: about half a second for {@code --add-modules}.
         *
         * @throws IllegalStateException if jetty-home is not known, or start.jar refuses the modules: the message
         *     carries what it printed
         * @throws UncheckedIOException if a file cannot be read or written
         */
        public JettyBase create() {
            Path home = this.home;
            if (home == null) {
                throw new IllegalStateException("base " + directory + ": jetty-home is not known;"
                        + " call home(..) or set the system property mooring.jettyHome");
            }
            try {
                delete(directory);
                Files.createDirectories(directory.resolve("start.d"));
                Files.createDirectories(directory.resolve("webapps"));
                Files.createDirectories(directory.resolve("environments"));
                if (template != null) {
                    copyTree(template, directory);
                }
                if (zip != null) {
                    unzip(zip, directory);
                }
                addModules(home);
                writeProperties();
                deploy();
                return new JettyBase(this, home);
            } catch (IOException failure) {
                throw new UncheckedIOException("base " + directory + ": cannot be laid out", failure);
            }
        }

        private void addModules(Path home) throws IOException {
            if (modules.isEmpty()) {
                return;
            }
            var command = List.of(
                    NodeProcess.javaCommand(),
                    "-XX:TieredStopAtLevel=1",
                    "-jar",
                    home.resolve("start.jar").toString(),
                    "jetty.home=" + home,
                    "jetty.base=" + directory,
                    "--add-modules=" + String.join(",", modules));
            Path output = directory.resolve("add-modules.log");
            var process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                if (!process.waitFor(ADD_MODULES_SECONDS, TimeUnit.SECONDS)) {
                    throw new IllegalStateException(
                            "base " + directory + ": --add-modules not done after " + ADD_MODULES_SECONDS + " s");
                }
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("base " + directory + ": interrupted in --add-modules", interrupt);
            } finally {
                process.destroyForcibly();
            }
            if (process.exitValue() != 0) {
                throw new IllegalStateException("base " + directory + ": --add-modules=" + String.join(",", modules)
                        + " ended with " + process.exitValue() + ":\n" + Files.readString(output));
            }
        }

        private void writeProperties() throws IOException {
            var lines = new ArrayList<String>();
            properties.forEach((name, value) -> lines.add(name + "=" + value));
            Files.write(directory.resolve("start.d").resolve(PROPERTIES_FILE), lines, StandardCharsets.UTF_8);
        }

        private void deploy() throws IOException {
            Path webapps = directory.resolve("webapps");
            for (var war : wars.entrySet()) {
                Files.copy(war.getValue(), webapps.resolve(war.getKey() + ".war"));
            }
            for (var environment : environments.entrySet()) {
                Files.writeString(
                        webapps.resolve(environment.getKey() + ".properties"),
                        "environment=" + environment.getValue() + "\n");
            }
        }
    }

    private static @Nullable Path systemPath(String property) {
        String value = System.getProperty(property, "");
        return value.isEmpty() ? null : Path.of(value).toAbsolutePath().normalize();
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        if (!Files.isDirectory(directory.resolve("start.d")) && !isEmpty(directory)) {
            throw new IOException(directory + ": has files but no start.d, so it is no base of ours; it is left alone");
        }
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        }
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (var paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void unzip(Path zip, Path to) throws IOException {
        try (var file = new ZipFile(zip.toFile())) {
            for (ZipEntry entry : file.stream().toList()) {
                Path target = to.resolve(entry.getName()).normalize();
                if (!target.startsWith(to)) {
                    throw new IOException(zip + ": entry " + entry.getName() + " leads out of the base");
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    try (InputStream content = file.getInputStream(entry)) {
                        Files.copy(content, target, StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
        }
    }
}
