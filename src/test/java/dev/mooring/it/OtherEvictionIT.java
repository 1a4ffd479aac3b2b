package dev.mooring.it;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link EvictionIT}, with each policy in the other mode. */
@Tag("stress")
@ParameterizedClass(name = "{0}, evictionPolicy={1}")
@CsvSource({"MEMBERS, 1", "CLIENTS, 0"})
class OtherEvictionIT extends EvictionRules {}
