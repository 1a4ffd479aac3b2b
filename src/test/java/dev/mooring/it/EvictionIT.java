package dev.mooring.it;

import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/** Sessions leave the memory of nodes that do not use them, and nobody who uses one notices. */
@ParameterizedClass(name = "{0}, evictionPolicy={1}")
@CsvSource({"MEMBERS, 0", "CLIENTS, 1"})
class EvictionIT extends EvictionRules {}
