# Writes OUTPUT, a table of the target files FILES as C++ string literals.
list(SORT FILES)
set(table "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND table "    {\"${name}\", R\"target(${text})target\"},\n")
endforeach()
file(WRITE ${OUTPUT} "static const Preset kPresets[] = {\n${table}};\n")
